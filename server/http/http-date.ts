/** Dates of HTTP headers: its own form and the two obsolete ones, which are to be read as well (RFC 9110 §5.6.7). */

const FORMS = [
  /^[A-Z][a-z]{2}, (?<day>\d\d) (?<month>[A-Z][a-z]{2}) (?<year>\d{4}) (?<time>\d\d:\d\d:\d\d) GMT$/,
  /^[A-Z][a-z]{5,8}, (?<day>\d\d)-(?<month>[A-Z][a-z]{2})-(?<year>\d\d) (?<time>\d\d:\d\d:\d\d) GMT$/,
  /^[A-Z][a-z]{2} (?<month>[A-Z][a-z]{2}) (?<day>[ \d]\d) (?<time>\d\d:\d\d:\d\d) (?<year>\d{4})$/,
];

/** Milliseconds since the epoch, in whole seconds; undefined for what is no date of HTTP, or none of the calendar. */
export function httpDate(text: string): number | undefined {
  const parts = FORMS.map((form) => form.exec(text)?.groups).find((groups) => groups !== undefined);
  if (parts === undefined) return undefined;
  const { day = '', month, year = '', time } = parts;
  const written = `${day.replace(' ', '0')} ${month} ${whole(year)} ${time} GMT`;
  const found = new Date(written);
  // A day that a month does not have would be taken for one of the next.
  return found.toUTCString().endsWith(`, ${written}`) ? found.getTime() : undefined;
}

/** Two digits stand for a year that was, rather than for one that is far ahead. */
function whole(year: string): string {
  if (year.length > 2) return year;
  return Number(year) < 70 ? `20${year}` : `19${year}`;
}
