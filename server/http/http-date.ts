/** HTTP dates: the preferred form and the two obsolete ones, which a recipient must accept (RFC 9110 §5.6.7). */

const FORMS = [
  /^[A-Z][a-z]{2}, (?<day>\d\d) (?<month>[A-Z][a-z]{2}) (?<year>\d{4}) (?<time>\d\d:\d\d:\d\d) GMT$/,
  /^[A-Z][a-z]{5,8}, (?<day>\d\d)-(?<month>[A-Z][a-z]{2})-(?<year>\d\d) (?<time>\d\d:\d\d:\d\d) GMT$/,
  /^[A-Z][a-z]{2} (?<month>[A-Z][a-z]{2}) (?<day>[ \d]\d) (?<time>\d\d:\d\d:\d\d) (?<year>\d{4})$/,
];

/**
 * Returns the milliseconds since the epoch, a whole second; undefined if the text is no HTTP date or no calendar date.
 */
export function httpDate(text: string): number | undefined {
  const parts = FORMS.map((form) => form.exec(text)?.groups).find((groups) => groups !== undefined);
  if (parts === undefined) return undefined;
  const { day = '', month, year = '', time } = parts;
  const written = `${day.replace(' ', '0')} ${month} ${whole(year)} ${time} GMT`;
  const found = new Date(written);
  // Date would accept a day that the month does not have, as one of the next month.
  return found.toUTCString().endsWith(`, ${written}`) ? found.getTime() : undefined;
}

/** Completes a two-digit year: one that has passed is likelier than one far in the future. */
function whole(year: string): string {
  if (year.length > 2) return year;
  return Number(year) < 70 ? `20${year}` : `19${year}`;
}
