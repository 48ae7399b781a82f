/**
 * Waits for a condition that nobody announces; throws, with what it is, at the deadline, which is there to end a test
 * that hangs: however slow the machine, nothing else comes so late.
 */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  milliseconds = 25_000,
): Promise<void> {
  const deadline = Date.now() + milliseconds;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`not in ${milliseconds} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
