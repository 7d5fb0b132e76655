/**
 * `source` with the contents of comments, and of template literals, blanked out, so that a pattern
 * finds code only. Length and line breaks stay; quoted strings stay. Docstrings are kept on demand.
 */
export function codeOf(source: string, options: { keepComments?: boolean } = {}): string {
  let code = "";
  let at = 0;
  const copyTo = (end: number) => {
    code += source.slice(at, end);
    at = end;
  };
  const blankTo = (end: number) => {
    code += source.slice(at, end).replace(/[^\n]/g, " ");
    at = end;
  };
  while (at < source.length) {
    const char = source[at]!;
    const two = source.slice(at, at + 2);
    if (two === "//") {
      const end = endOf(source, "\n", at, 0);
      options.keepComments ? copyTo(end) : blankTo(end);
    } else if (two === "/*") {
      const end = endOf(source, "*/", at + 2, 2);
      options.keepComments ? copyTo(end) : blankTo(end);
    } else if (char === '"' || char === "'") copyTo(endOfString(source, at));
    else if (char === "`") blankTo(endOfString(source, at));
    else if (char === "/" && opensRegExp(code)) blankTo(endOfRegExp(source, at));
    else copyTo(at + 1);
  }
  return code;
}

function endOf(source: string, mark: string, from: number, length: number): number {
  const found = source.indexOf(mark, from);
  return found < 0 ? source.length : found + length;
}

/** The end of the string that opens at `at`. Quotes end with the line, as JSX text may hold one. */
function endOfString(source: string, at: number): number {
  const quote = source[at]!;
  for (let i = at + 1; i < source.length; i++) {
    if (source[i] === "\\") i++;
    else if (source[i] === quote) return i + 1;
    else if (source[i] === "\n" && quote !== "`") return at + 1;
  }
  return quote === "`" ? source.length : at + 1;
}

/** Whether a slash after this code begins a regular expression, not a division or a closing tag. */
function opensRegExp(code: string): boolean {
  const before = code.trimEnd();
  return before === "" || /(?:[=(,:;!&|?{}[]|=>|\breturn)$/.test(before);
}

function endOfRegExp(source: string, at: number): number {
  let inClass = false;
  for (let i = at + 1; i < source.length && source[i] !== "\n"; i++) {
    if (source[i] === "\\") i++;
    else if (source[i] === "[") inClass = true;
    else if (source[i] === "]") inClass = false;
    else if (source[i] === "/" && !inClass) return i + 1;
  }
  return at + 1;
}
