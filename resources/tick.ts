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
