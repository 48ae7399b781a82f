/** Resolves like `work`; rejects with the error that `late` makes if that takes longer than `milliseconds`. */
export function inTime<Result>(work: Promise<Result>, milliseconds: number, late: () => Error): Promise<Result> {
  return new Promise((resolve, reject) => {
    const limit = setTimeout(() => {
      // Results that arrived while this process was busy are handled first.
      setImmediate(() => reject(late()));
    }, milliseconds);
    work.then(resolve, reject).finally(() => clearTimeout(limit));
  });
}
