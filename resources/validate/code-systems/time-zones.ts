import type { CodeSystem } from './code-system.ts';

/** A name of the database: `Europe/Paris`, `Etc/GMT+5`, `UTC`; `+01:00` is none. */
const NAME = /^[A-Z][A-Za-z0-9_+-]*(?:\/[A-Z][A-Za-z0-9_+-]*)*$/;

/** Time zones of the IANA's database, its older names too. */
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
  remedy: 'must be a time zone of the IANA, as in Europe/Paris',
};
