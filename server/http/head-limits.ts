/** Bytes allowed for the head of a request: enough for a token and a page link of a search that came as a form. */
export const LONGEST_HEAD = 40 * 1024;

/** Characters allowed in a link that clients follow as it is. */
export const LONGEST_LINK = 32 * 1024;
