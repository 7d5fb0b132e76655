/**
 * Parts of the documentation that are made from the code, between a pair of comments that name
 * them: `deno task docs:write`. A test fails when they are not as the code would make them.
 */
import { configurationTable } from "../lib/config/config.ts";
import { type JobState, TRANSITIONS } from "../lib/jobs/job.ts";
import { LAYERS } from "./layer_rules.ts";

/** Name of a part → the file it stands in, and what makes its text. */
export const PARTS: Record<string, { file: string; make(): string }> = {
  configuration: { file: "README.md", make: configuration },
  states: { file: "ARCHITECTURE.md", make: states },
  layers: { file: "ARCHITECTURE.md", make: layers },
};

/** The text with a part made anew. Throws when the pair of comments is not there. */
export function withPart(text: string, name: string, content: string): string {
  const [begin, end] = [`<!-- ${name}: made by deno task docs:write -->`, `<!-- /${name} -->`];
  const from = text.indexOf(begin), to = text.indexOf(end);
  if (from < 0 || to < from) throw new Error(`there is no place for "${name}"`);
  return `${text.slice(0, from + begin.length)}\n\n${content}\n\n${text.slice(to)}`;
}

function configuration(): string {
  const rows = configurationTable().map(({ name, fallback, about }) => [
    `\`${name}\``,
    fallback === "" ? "–" : `\`${readableSize(name, fallback)}\``,
    about,
  ]);
  return table(["variable", "default", "meaning"], rows);
}

/** Sizes are written as people would set them. */
function readableSize(name: string, fallback: string): string {
  if (!/MEMORY|RESERVE|LIMIT$/.test(name)) return fallback;
  const bytes = Number(fallback);
  for (const [unit, size] of [["GiB", 1024 ** 3], ["MiB", 1024 ** 2], ["KiB", 1024]] as const) {
    if (bytes >= size && bytes % size === 0) return `${bytes / size} ${unit}`;
  }
  return fallback;
}

function states(): string {
  const lines = ["stateDiagram-v2", "  [*] --> available", "  [*] --> scheduled"];
  for (const [from, following] of Object.entries(TRANSITIONS) as [JobState, JobState[]][]) {
    for (const to of following) lines.push(`  ${from} --> ${to}`);
    if (["completed", "failed", "cancelled"].includes(from)) lines.push(`  ${from} --> [*]`);
  }
  return ["```mermaid", ...lines, "```"].join("\n");
}

function layers(): string {
  return LAYERS.map((rooms, index) =>
    wrapped(`${index + 1}. ${rooms.map((room) => `\`${room}\``).join(" · ")}`, 100, "   ")
  ).join("\n");
}

/** A line broken where the formatter breaks it. */
function wrapped(text: string, width: number, indent: string): string {
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = lines.at(-1)!;
    if (line === "") lines[lines.length - 1] = word;
    else if (line.length + 1 + word.length <= width) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(indent + word);
  }
  return lines.join("\n");
}

/** A table as the formatter leaves it alone. */
function table(titles: string[], rows: string[][]): string {
  const widths = titles.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]!.length))
  );
  const line = (cells: string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column]!)).join(" | ")} |`;
  const rule = `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`;
  return [line(titles), rule, ...rows.map(line)].join("\n");
}

if (import.meta.main) {
  for (const [name, { file, make }] of Object.entries(PARTS)) {
    const text = await Deno.readTextFile(file);
    const made = withPart(text, name, make());
    if (made === text) continue;
    await Deno.writeTextFile(file, made);
    console.log(`${file}: ${name}`);
  }
}
