const DAY_MS = 86_400_000;

/** The UTC day of an instant, as reports take it. */
export function dayOf(instant: number | string): string {
  return new Date(instant).toISOString().slice(0, 10);
}

/** Waits until midnight (UTC) is over where it is so near: what follows has one day to itself. */
export async function dayAhead(ms: number): Promise<void> {
  const left = DAY_MS - Date.now() % DAY_MS;
  if (left < ms) await new Promise((resolve) => setTimeout(resolve, left + 1));
}
