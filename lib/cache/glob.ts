/**
 * Redis' glob patterns (`*`, `?`, `[a-z]`, `[^a]`, `\` escapes), matched here rather than by the
 * server, so that every store means the same by a pattern and none reaches outside its own keys.
 */
type Token =
  | { kind: "one"; text: string }
  | { kind: "any" }
  | { kind: "star" }
  | { kind: "class"; negated: boolean; ranges: [string, string][] };

/** A pattern that matches exactly `text`. */
export function escapeGlob(text: string): string {
  return text.replace(/[*?[\]\\]/g, "\\$&");
}

/** A matcher for whole keys, and the plain text with which everything it matches begins. */
export interface Glob {
  readonly literalPrefix: string;
  /** True when the pattern has no wildcard: it can match its `literalPrefix` only. */
  readonly literal: boolean;
  /** True when it matches everything that begins with its `literalPrefix`. */
  readonly prefixOnly: boolean;
  matches(text: string): boolean;
}

/** Compiles a pattern; matching takes at most length × length steps, whatever the pattern. */
export function compileGlob(pattern: string): Glob {
  const tokens = parse(pattern);
  let end = tokens.findIndex((token) => token.kind !== "one");
  if (end < 0) end = tokens.length;
  const literalPrefix = tokens.slice(0, end)
    .map((token) => token.kind === "one" ? token.text : "").join("");
  const literal = end === tokens.length;
  const prefixOnly = end === tokens.length - 1 && tokens[end]!.kind === "star";
  const kind = { literalPrefix, literal, prefixOnly };
  if (literal) return { ...kind, matches: (text) => text === literalPrefix };
  if (prefixOnly) return { ...kind, matches: (text) => text.startsWith(literalPrefix) };
  return { ...kind, matches: (text) => run(tokens, Array.from(text)) };
}

function parse(pattern: string): Token[] {
  const chars = Array.from(pattern);
  const tokens: Token[] = [];
  for (let i = 0; i < chars.length; i++) {
    const char = chars[i]!;
    if (char === "*") {
      if (tokens.at(-1)?.kind !== "star") tokens.push({ kind: "star" });
    } else if (char === "?") tokens.push({ kind: "any" });
    else if (char === "[") {
      let j = i + 1;
      const negated = chars[j] === "^";
      if (negated) j++;
      const ranges: [string, string][] = [];
      while (j < chars.length && chars[j] !== "]") {
        if (chars[j] === "\\" && j + 1 < chars.length) j++;
        const from = chars[j]!;
        if (chars[j + 1] === "-" && j + 2 < chars.length && chars[j + 2] !== "]") {
          const to = chars[j + 2]!;
          ranges.push(from <= to ? [from, to] : [to, from]);
          j += 3;
        } else {
          ranges.push([from, from]);
          j++;
        }
      }
      tokens.push({ kind: "class", negated, ranges });
      i = j;
    } else if (char === "\\" && i + 1 < chars.length) {
      tokens.push({ kind: "one", text: chars[++i]! });
    } else tokens.push({ kind: "one", text: char });
  }
  return tokens;
}

/** Greedy matching that only ever falls back to the last star, so it cannot explode. */
function run(tokens: Token[], text: string[]): boolean {
  let t = 0, i = 0, star = -1, mark = 0;
  while (i < text.length) {
    const token = tokens[t];
    if (token?.kind === "star") {
      star = t++;
      mark = i;
    } else if (token && fits(token, text[i]!)) {
      t++;
      i++;
    } else if (star >= 0) {
      t = star + 1;
      i = ++mark;
    } else return false;
  }
  while (tokens[t]?.kind === "star") t++;
  return t === tokens.length;
}

function fits(token: Token, char: string): boolean {
  if (token.kind === "one") return token.text === char;
  if (token.kind !== "class") return true;
  return token.ranges.some(([from, to]) => char >= from && char <= to) !== token.negated;
}
