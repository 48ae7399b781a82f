/**
 * Returns a function that shares one call of `ask` among all callers of a turn of the event loop. `ask` runs after the
 * turn, so the answer is never older than the question; later callers get a new one.
 */
export function oncePerTick<Answer>(ask: () => Promise<Answer>): () => Promise<Answer> {
  let pending: Promise<Answer> | undefined;
  return () => {
    pending ??= new Promise((resolve, reject) => {
      setImmediate(() => {
        pending = undefined;
        ask().then(resolve, reject);
      });
    });
    return pending;
  };
}

/**
 * Resolves after the current turn of the event loop. Responses that need no database are delayed until then: sent one
 * by one, each wakes its client separately, which costs both sides more than the response itself.
 */
export function endOfTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
