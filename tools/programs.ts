/** Programs outside Deno that tests drive, with the package that brings each. */
export const PROGRAMS = {
  "redis-server": { debian: "redis-server", homebrew: "redis" },
  "promtool": { debian: "prometheus", homebrew: "prometheus" },
  "curl": { debian: "curl", homebrew: "curl" },
  "python3": { debian: "python3", homebrew: "python" },
  "chromium": { debian: "chromium", homebrew: "chromium" },
} as const;

export type ProgramName = keyof typeof PROGRAMS;

export interface Host {
  /** Whether a program of this name is on the search path. */
  has(name: string): Promise<boolean>;
  /** Runs a command with its output shown; true when it succeeded. */
  run(command: string, args: string[], env?: Record<string, string>): Promise<boolean>;
  isRoot(): boolean;
  os: string;
}

/** The machine that the tools run on. */
export const thisHost: Host = {
  has: async (name) => {
    for (const folder of (Deno.env.get("PATH") ?? "").split(":").filter(Boolean)) {
      const found = await Deno.stat(`${folder}/${name}`).catch(() => null);
      if (found?.isFile) return true;
    }
    return false;
  },
  run: async (command, args, env = {}) => {
    const child = new Deno.Command(command, { args, env, stdin: "null" }).spawn();
    return (await child.status).success;
  },
  isRoot: () => Deno.uid() === 0,
  os: Deno.build.os,
};

/** The line that a person runs to install these programs. */
export function installLine(names: ProgramName[], host: Pick<Host, "os">): string {
  if (host.os === "darwin") {
    return `brew install ${names.map((name) => PROGRAMS[name].homebrew).join(" ")}`;
  }
  const packages = names.map((name) => PROGRAMS[name].debian).join(" ");
  return `sudo apt-get update && sudo apt-get install -y ${packages}`;
}

/**
 * Makes sure that the programs are there: installs them as root on Debian, otherwise throws an
 * error that holds the line to run. Tests are never skipped for want of a program.
 */
export async function ensurePrograms(names: ProgramName[], host: Host = thisHost): Promise<void> {
  const missing = await missingOf(names, host);
  if (missing.length === 0) return;
  const line = installLine(missing, host);
  if (!(host.isRoot() && await host.has("apt-get"))) {
    throw new Error(`the tests need ${missing.join(" and ")}. Install with:\n  ${line}`);
  }
  console.log(`Installing ${missing.join(" and ")} …`);
  // RUNLEVEL=1 keeps Debian from starting a Redis of its own: tests start theirs on free ports.
  const env = { DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" };
  const packages = missing.map((name) => PROGRAMS[name].debian);
  const installed = await host.run("apt-get", ["update", "-q"], env) &&
    await host.run("apt-get", ["install", "-y", "-q", "--no-install-recommends", ...packages], env);
  const still = await missingOf(missing, host);
  if (!installed || still.length > 0) {
    throw new Error(`could not install ${missing.join(" and ")}. Try by hand:\n  ${line}`);
  }
}

async function missingOf(names: ProgramName[], host: Host): Promise<ProgramName[]> {
  const missing: ProgramName[] = [];
  for (const name of new Set(names)) if (!await host.has(name)) missing.push(name);
  return missing;
}
