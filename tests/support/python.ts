/** Where environments are kept for the next run, outside the repository. */
const FOLDER = `${Deno.env.get("XDG_CACHE_HOME") ?? `${Deno.env.get("HOME")}/.cache`}/pixel-tests`;

/**
 * The Python of a virtual environment with these packages, made on first use. Rejects with what
 * pip says where they cannot be had.
 */
export async function python(name: string, packages: string[]): Promise<string> {
  const folder = `${FOLDER}/${name}`;
  const ready = `${folder}/.ready`;
  const program = `${folder}/bin/python`;
  if (await Deno.stat(ready).catch(() => null)) return program;
  await Deno.mkdir(FOLDER, { recursive: true });
  await run("python3", ["-m", "venv", "--clear", folder]);
  await run(program, [
    "-m",
    "pip",
    "install",
    "--quiet",
    "--disable-pip-version-check",
    ...packages,
  ]);
  await Deno.writeTextFile(ready, packages.join("\n") + "\n");
  return program;
}

async function run(program: string, args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(program, { args, stdin: "null" }).output();
  if (!success) {
    throw new Error(`${program} ${args.join(" ")}:\n${new TextDecoder().decode(stderr)}`);
  }
}
