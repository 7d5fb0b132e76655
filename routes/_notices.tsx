import { NOTICES } from "../islands/parts/texts.ts";

/** A path that tells, after a plain form was sent, what it did. */
export const backWith = (path: string, said: string, n = 0): string =>
  `${path}?said=${said}&n=${n}`;

/** What a plain form did: from a fixed list, so that no link can put words into our mouth. */
export function Notice({ url }: { url: URL }) {
  const said = url.searchParams.get("said") ?? "";
  const n = Number(url.searchParams.get("n"));
  if (!Object.hasOwn(NOTICES, said) || !Number.isSafeInteger(n) || n < 0) return null;
  return <p class="notice" role="status">{NOTICES[said as keyof typeof NOTICES](n)}</p>;
}
