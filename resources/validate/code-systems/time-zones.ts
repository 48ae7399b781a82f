import type { CodeSystem } from './code-system.ts';

/** A name in the IANA database: `Europe/Paris`, `Etc/GMT+5`, `UTC`, but not `+01:00`. */
const NAME = /^[A-Z][A-Za-z0-9_+-]*(?:\/[A-Z][A-Za-z0-9_+-]*)*$/;

/** Time zones of the IANA database, including its older names. */
export const timeZones: CodeSystem = {
  isCode(code) {
    if (!NAME.test(code)) return false;
    try {
      new Intl.DateTimeFormat('en', { timeZone: code });
      return true;
    } catch (error) {
      if (error instanceof RangeError) return false;
      throw error;
    }
  },
  remedy: 'must be an IANA time zone, such as Europe/Paris',
};
