/** Suites, and folders of them, that never open a database, and so run once where the others run on each. */
export const WITHOUT_DATABASE = [
  'test/docs.test.ts',
  'test/regular-expressions.test.ts',
  'test/style.test.ts',
  'test/formats',
  'test/holes',
  'test/validation',
];
