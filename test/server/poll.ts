/** Waits for a condition that nobody announces; throws, with what it is, at the deadline. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  milliseconds = 5000,
): Promise<void> {
  const deadline = Date.now() + milliseconds;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`not in ${milliseconds} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
