import { fileURLToPath } from "node:url";

/** Peers live outside the project, in the user's cache folder, and stay there for the next run. */
export const PEERS_FOLDER = `${
  Deno.env.get("XDG_CACHE_HOME") ?? `${Deno.env.get("HOME")}/.cache`
}/pixel-bench`;
export const PYTHON = `${PEERS_FOLDER}/venv/bin/python`;

/** Runs a command and gives its stdout; an Error with its stderr when it fails. */
export async function output(
  command: string,
  args: string[],
  options: Omit<Deno.CommandOptions, "args"> = {},
): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(command, {
    ...options,
    args,
    stdin: "null",
  }).output();
  const text = new TextDecoder();
  if (!success) throw new Error(`${command} ${args.join(" ")}:\n${text.decode(stderr)}`);
  return text.decode(stdout).trim();
}

/** Installs the npm peers where they are missing; gives their versions. */
export async function installNodePeers(): Promise<Record<string, string>> {
  await Deno.mkdir(PEERS_FOLDER, { recursive: true });
  const [major, minor] = (await output("node", ["--version"])).slice(1).split(".").map(Number);
  // From 0.18 on graphile-worker needs Node 22.18.
  const recent = major! > 22 || (major === 22 && minor! >= 18);
  const graphile = recent ? "graphile-worker@latest" : "graphile-worker@0.17";
  const installed = await Deno.stat(`${PEERS_FOLDER}/node_modules/ioredis`).catch(() => 0);
  if (!installed) {
    await Deno.writeTextFile(`${PEERS_FOLDER}/package.json`, '{"private": true}');
    const packages = ["bullmq@latest", "ioredis", graphile, "pg"];
    await output("npm", ["install", "--no-audit", "--no-fund", ...packages], { cwd: PEERS_FOLDER });
  }
  const versions: Record<string, string> = { node: await output("node", ["--version"]) };
  for (const name of ["bullmq", "graphile-worker"]) {
    const manifest = `${PEERS_FOLDER}/node_modules/${name}/package.json`;
    versions[name] = JSON.parse(await Deno.readTextFile(manifest)).version;
  }
  return versions;
}

/** Installs Celery into a virtual environment where it is missing; gives its version. */
export async function installCelery(): Promise<Record<string, string>> {
  if (!await Deno.stat(PYTHON).catch(() => null)) {
    await output("python3", ["-m", "venv", `${PEERS_FOLDER}/venv`]);
    await output(PYTHON, ["-m", "pip", "install", "--quiet", "celery[redis]"]);
  }
  const script = "import celery, platform; print(celery.__version__, platform.python_version())";
  const [celery, python] = (await output(PYTHON, ["-c", script])).split(" ");
  return { celery: celery!, python: python! };
}

/** Compiles the library that makes fsync slower; gives its path. */
export async function buildSlowFsync(): Promise<string> {
  await Deno.mkdir(PEERS_FOLDER, { recursive: true });
  const source = fileURLToPath(new URL("./slow_fsync.c", import.meta.url));
  const library = `${PEERS_FOLDER}/slow_fsync.so`;
  await output("gcc", ["-O2", "-shared", "-fPIC", "-o", library, source, "-ldl"]);
  return library;
}
