/** Bytes that the head of a request may have: room for a page whose search came as a form, and for a token. */
export const LONGEST_HEAD = 40 * 1024;

/** Characters that a link may have, which is followed as it is. */
export const LONGEST_LINK = 32 * 1024;
