/**
 * Groups single items into jobs, one job at a time: while one is running, the next group is collected. Returns a
 * function that resolves once its item is stored, or rejects with the error of its job.
 * @param most the most items in a job
 */
export function batching<Item>(
  most: number,
  store: (items: readonly Item[]) => Promise<void>,
): (item: Item) => Promise<void> {
  let batch: { items: Item[]; stored: Promise<void> } | undefined;
  let last: Promise<void> = Promise.resolve();

  return (item) => {
    if (batch && batch.items.length < most) {
      batch.items.push(item);
      return batch.stored;
    }
    const items = [item];
    const stored = last.then(() => {
      if (batch?.items === items) batch = undefined;
      return store(items);
    });
    last = stored.catch(() => undefined);
    batch = { items, stored };
    return stored;
  };
}
