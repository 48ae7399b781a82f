/** What is about a patient, as the suites of compartments write it. */
export const to = (reference: string) => ({ reference });

/** An Observation of a subject. */
export const observation = (subject: string, others: object = {}) => ({
  status: 'final',
  code: { text: 'x' },
  subject: to(subject),
  ...others,
});
