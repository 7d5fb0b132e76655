/** One command of a page, as it stands there, its line breaks taken out where it is a span. */
export interface DocCommand {
  text: string;
  line: number;
}

/** A code span that is a command: a program that the pages use, and something for it to do. */
const COMMAND =
  /^(?:[A-Z_]+=\S+ )*(?:deno (?:task|run) [a-z-]|(?:npx|ask|docker|curl|redis-cli|df|python3|celery|kubectl) \S)/;

/**
 * The commands of a Markdown page in their order: those of its shell blocks, and the code spans that
 * are commands.
 */
export function docCommands(markdown: string): DocCommand[] {
  const commands: DocCommand[] = [];
  const piece = /^( *)```(\w*)\n([\s\S]*?)^\1```$|`([^`]+)`/gm;
  for (const match of markdown.matchAll(piece)) {
    const [, indent, language, block, span] = match;
    const line = markdown.slice(0, match.index).split("\n").length;
    if (span !== undefined) {
      const text = span.replaceAll(/\s+/g, " ");
      if (COMMAND.test(text)) commands.push({ text, line });
    } else if (language === "sh") {
      const lines = block!.split("\n").map((text) => text.slice(indent!.length));
      commands.push(...whole(lines).map(({ text, at }) => ({ text, line: line + 1 + at })));
    }
  }
  return commands;
}

/** Joins the lines of a block to commands: over a backslash, and while a quotation is open. */
function whole(lines: string[]): { text: string; at: number }[] {
  const commands: { text: string; at: number }[] = [];
  let open = false;
  for (const [at, line] of lines.entries()) {
    if (open) commands.at(-1)!.text += `\n${line}`;
    else if (/^\s*(#|$)/.test(line)) continue;
    else commands.push({ text: line, at });
    open = line.endsWith("\\") || isOpen(commands.at(-1)!.text);
  }
  return commands;
}

function isOpen(text: string): boolean {
  let quote = "";
  for (const sign of text.replaceAll(/\\./g, "").replaceAll(/(^|\s)#.*/g, "")) {
    if (quote === sign) quote = "";
    else if (quote === "" && (sign === '"' || sign === "'")) quote = sign;
  }
  return quote !== "";
}
