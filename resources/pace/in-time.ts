/** Gives what is waited for; rejects with what `late` gives where that takes more than so many milliseconds. */
export function inTime<Result>(work: Promise<Result>, milliseconds: number, late: () => Error): Promise<Result> {
  return new Promise((resolve, reject) => {
    const limit = setTimeout(() => {
      // What came while this process was busy is taken in first.
      setImmediate(() => reject(late()));
    }, milliseconds);
    work.then(resolve, reject).finally(() => clearTimeout(limit));
  });
}
