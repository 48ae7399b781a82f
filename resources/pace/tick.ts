/**
 * A question that all who ask in one turn of the event loop share. It is asked after the turn, so that its answer is
 * never older than the asking; whoever asks later is not given what was asked before.
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
 * Resolves after the turn of the event loop. What is answered without the database is held until then: given one by
 * one, each answer wakes its caller by itself, which costs both of them more than the answer does.
 */
export function endOfTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
