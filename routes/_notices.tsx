import { counted } from "../islands/parts/format.ts";

const NOTICES: Record<string, (n: number) => string> = {
  cleared: (n) => `Cleared ${counted(n, "key")} from the cache.`,
  cleaning: (n) => `The clean-up started as ${counted(n, "task")}.`,
  started: () => "It runs now, as a task of its own.",
  acknowledged: () => "The others see that you have seen it.",
  taught: () => "Taught. The bot answers so from now on.",
  saved: () => "Saved.",
  cancelled: () => "The task is cancelled.",
  paused: () => "The queue is paused.",
  held: () => "The schedule is paused.",
  released: () => "The schedule runs at its times again.",
  resumed: () => "Its queue goes on.",
  retried: () => "The task is queued again.",
};

/** A path that tells, after a plain form was sent, what it did. */
export const backWith = (path: string, said: string, n = 0): string =>
  `${path}?said=${said}&n=${n}`;

/** What a plain form did: from a fixed list, so that no link can put words into our mouth. */
export function Notice({ url }: { url: URL }) {
  const say = NOTICES[url.searchParams.get("said") ?? ""];
  const n = Number(url.searchParams.get("n"));
  if (!say || !Number.isSafeInteger(n) || n < 0) return null;
  return <p class="notice" role="status">{say(n)}</p>;
}
