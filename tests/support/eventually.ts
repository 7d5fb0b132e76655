/** Only what never comes true takes this long. */
const LONGEST_MS = 60_000;
const LOOK_MS = 5;

/** Waits until `condition` holds, looking every few milliseconds; fails after a minute. */
export async function eventually(
  condition: () => boolean | Promise<boolean>,
  what: string,
): Promise<void> {
  const deadline = performance.now() + LONGEST_MS;
  while (!await condition()) {
    if (performance.now() > deadline) throw new Error(`${what}: not within ${LONGEST_MS} ms`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}
