/**
 * Stores what comes one by one in jobs of many, one job after the other: while one is underway, the next gathers.
 * Gives what takes an item; that resolves once the item is stored, or rejects with why its job was not.
 * @param most how many a job stores
 */
export function gathering<Item>(
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
