/**
 * Groups single items into jobs, one job at a time: while one is running, the next group is collected. Returns a
 * function that resolves once its item is stored, or rejects with the error of its job.
 * @param most the most items in a job
 */
export function batching<Item>(
  most: number,
  store: (items: readonly Item[]) => Promise<void>,
): (item: Item) => Promise<void> {
  let gathered: { items: Item[]; stored: Promise<void> } | undefined;
  let last: Promise<void> = Promise.resolve();

  return (item) => {
    if (gathered && gathered.items.length < most) {
      gathered.items.push(item);
      return gathered.stored;
    }
    const items = [item];
    const stored = last.then(() => {
      if (gathered?.items === items) gathered = undefined;
      return store(items);
    });
    last = stored.catch(() => undefined);
    gathered = { items, stored };
    return stored;
  };
}
