import { codeOf } from "./source_text.ts";

/** One import, re-export or dynamic import of a source file. */
export interface Import {
  specifier: string;
  /** The imported file by its path from the root, or null for a package. */
  path: string | null;
  /** Only types: gone when the program runs. */
  typeOnly: boolean;
  line: number;
}

const STATEMENT =
  /^[ \t]*(?:import|export)\s+(type\s+(?!from\b))?(?:[\w*\s{},$]+?\sfrom\s*)?(["'])([^"'\n]+)\2/gm;
const DYNAMIC = /\bimport\s*\(\s*(["'])([^"'\n]+)\1/g;

/** Every import in `source`, a file at `path`. Type imports count as much as others. */
export function importsOf(path: string, source: string): Import[] {
  const code = codeOf(source);
  const found: Import[] = [];
  for (const match of code.matchAll(STATEMENT)) {
    const [statement, typeWord, , specifier] = match;
    const typeOnly = typeWord !== undefined ||
      /^\s*\w+\s*\{(\s*type\s[^,}]+,?)+\s*\}/.test(statement);
    found.push(describe(path, specifier!, typeOnly, lineAt(code, match.index, statement)));
  }
  for (const match of code.matchAll(DYNAMIC)) {
    found.push(describe(path, match[2]!, false, lineAt(code, match.index, match[0])));
  }
  return found.sort((a, b) => a.line - b.line);
}

function describe(from: string, specifier: string, typeOnly: boolean, line: number): Import {
  return { specifier, path: resolvePath(from, specifier), typeOnly, line };
}

/** The path that a relative specifier means, null for a package. */
export function resolvePath(from: string, specifier: string): string | null {
  if (!/^\.{0,2}\//.test(specifier)) return null;
  const parts = specifier.startsWith("/") ? [] : from.split("/").slice(0, -1);
  for (const part of specifier.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "." && part !== "") parts.push(part);
  }
  return parts.join("/");
}

function lineAt(code: string, index: number, text: string): number {
  const start = index + (text.length - text.trimStart().length);
  return code.slice(0, start).split("\n").length;
}
