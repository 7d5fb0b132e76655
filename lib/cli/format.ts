/** A whole number with separators: 12,345. */
export function formatCount(count: number): string {
  return Math.round(count).toLocaleString("en-US");
}

/** "1 task", "12,345 tasks"; `many` where the plural is no mere s. */
export function countOf(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/** An instant in a narrow column, UTC: "11-27 19:15", or "2025-11-27" when not of this year. */
export function shortInstant(iso: string, now: number): string {
  const isThisYear = iso.slice(0, 4) === new Date(now).toISOString().slice(0, 4);
  return isThisYear ? iso.slice(5, 16).replace("T", " ") : iso.slice(0, 10);
}

/** A duration for people: 7 ms, 1.25 s, 3 min 20 s. */
export function formatMs(ms: number): string {
  if (ms < 1_000) return `${ms < 10 ? Number(ms.toFixed(1)) : Math.round(ms)} ms`;
  if (ms < 60_000) return `${Number((ms / 1_000).toFixed(2))} s`;
  const seconds = Math.round(ms / 1_000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** A size for people: 512 B, 3.4 KB, 1.2 MB. */
export function formatBytes(bytes: number): string {
  const units = ["B", "KB", "MB", "GB", "TB"];
  let amount = bytes;
  let unit = 0;
  while (amount >= 1_000 && unit < units.length - 1) {
    amount /= 1_000;
    unit++;
  }
  return `${unit === 0 ? amount : amount.toFixed(1)} ${units[unit]}`;
}

/** Text from elsewhere on one line, without characters that would steer the terminal. */
export function plainText(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replace(/[\x00-\x1f\x7f-\x9f]+/g, " ");
}
