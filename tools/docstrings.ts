import { codeOf } from "./source_text.ts";

const DECLARATION =
  /^export\s+(?:default\s+)?(?:async\s+)?(?:abstract\s+)?(?:function\*?|class)\s+(\w+)/;
/** A constant that holds a function with a body; one that is a mere expression explains itself. */
const ARROW =
  /^export\s+const\s+(\w+)[^\n]*=\s*(?:async\s*)?(?:function\b|\(\s*$|[^\n]*=>\s*\{\s*$)/;

/** Names and lines of exported functions and classes that no docstring stands above. */
export function undocumentedIn(source: string): { name: string; line: number }[] {
  const code = codeOf(source, { keepComments: true }).split("\n");
  const missing: { name: string; line: number }[] = [];
  const seen = new Set<string>();
  for (const [index, text] of code.entries()) {
    const name = (DECLARATION.exec(text) ?? ARROW.exec(text))?.[1];
    if (!name || seen.has(name)) continue;
    seen.add(name);
    if (!docstringAbove(code, index)) missing.push({ name, line: index + 1 });
  }
  return missing;
}

function docstringAbove(lines: string[], index: number): boolean {
  let at = index - 1;
  while (at >= 0 && /^\s*(\/\/.*)?$/.test(lines[at]!)) at--;
  if (at < 0 || !lines[at]!.trimEnd().endsWith("*/")) return false;
  while (at >= 0 && !lines[at]!.includes("/*")) at--;
  return at >= 0 && lines[at]!.trimStart().startsWith("/**");
}
