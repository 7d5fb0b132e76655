/** One instruction of a Dockerfile. */
export interface Instruction {
  name: string;
  /** `--from=build` as `from: "build"`. */
  flags: Record<string, string>;
  /** What follows, on one line. */
  text: string;
}

/** What lies between two FROM lines. */
export interface Stage {
  base: string;
  alias: string | undefined;
  steps: Instruction[];
}

/** Reads a Dockerfile's stages. Comments and line continuations are taken out; there is no heredoc. */
export function stagesOf(dockerfile: string): Stage[] {
  const lines = dockerfile.split("\n").filter((line) => !/^\s*#/.test(line)).join("\n")
    .replaceAll(/\s*\\\n\s*/g, " ").split("\n");
  const stages: Stage[] = [];
  for (const line of lines) {
    const match = /^\s*([A-Za-z]+)\s+((?:--[a-z-]+=\S+\s+)*)(.*)$/.exec(line);
    if (!match) continue;
    const [, word, options, text] = match as unknown as [string, string, string, string];
    const flags = Object.fromEntries(
      [...options.matchAll(/--([a-z-]+)=(\S+)/g)].map(([, name, value]) => [name!, value!]),
    );
    const name = word.toUpperCase();
    if (name === "FROM") {
      const [base, , alias] = text.trim().split(/\s+/);
      stages.push({ base: base!, alias, steps: [] });
    } else {
      if (stages.length === 0) throw new Error(`${name} stands before the first FROM`);
      stages.at(-1)!.steps.push({ name, flags, text: text.trim() });
    }
  }
  return stages;
}

/** `A=1 B="2 3"` as pairs. */
export function assignments(text: string): [string, string][] {
  return [...text.matchAll(/([A-Za-z_]\w*)=(?:"([^"]*)"|(\S*))/g)]
    .map(([, name, quoted, bare]) => [name!, quoted ?? bare!]);
}
