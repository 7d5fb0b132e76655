/**
 * Goes through the Dockerfile step by step without a Docker engine, each in a debootstrapped root,
 * then starts the service in the last one as the image would: as its user, on a read-only root,
 * without a network, until the health check is well and a conversation is answered.
 *
 *     deno run -A tools/image_root.ts [FOLDER]
 *
 * Needs Linux, root, debootstrap, git, and node with npm, which stand in for the node image. FOLDER
 * (a new one in /tmp) is kept: another run takes the base system from it.
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { assignments, type Instruction, type Stage, stagesOf } from "./dockerfile.ts";

const SOURCE = fileURLToPath(new URL("../", import.meta.url));
const SUITE = "bookworm";

/** A stage as far as it has been built. */
interface Built {
  root: string;
  env: Record<string, string>;
  workdir: string;
  user: string;
  health: string[];
  entrypoint: string[];
}

/** Runs a program; throws when it fails. */
async function run(program: string, args: string[], input?: string): Promise<void> {
  const child = new Deno.Command(program, {
    args,
    stdin: input === undefined ? "null" : "piped",
    stdout: "inherit",
    stderr: "inherit",
  }).spawn();
  if (input !== undefined) await new Response(input).body!.pipeTo(child.stdin);
  const { code } = await child.status;
  if (code !== 0) throw new Error(`${program} ${args[0] ?? ""} ended with ${code}`);
}

async function outputOf(program: string, args: string[]): Promise<string> {
  const { success, stdout } = await new Deno.Command(program, { args, stderr: "inherit" }).output();
  if (!success) throw new Error(`${program} ${args.join(" ")} failed`);
  return new TextDecoder().decode(stdout).trim();
}

/** A Debian without anything more, made on first use. */
async function baseSystem(folder: string): Promise<string> {
  const root = join(folder, SUITE);
  if (await Deno.stat(join(root, "etc/debian_version")).catch(() => null)) return root;
  const mirrors = await outputOf("apt-get", ["indextargets", "--format", "$(REPO_URI)"]);
  const mirror = Deno.env.get("DEBIAN_MIRROR") ??
    mirrors.split("\n").find((uri) => /\/debian\/?$/.test(uri));
  const partial = `${root}.partial`;
  await Deno.remove(partial, { recursive: true }).catch(() => {});
  await run("debootstrap", ["--variant=minbase", SUITE, partial, ...(mirror ? [mirror] : [])]);
  await Deno.rename(partial, root);
  return root;
}

/** Runs a script in a root with its own mounts and processes; the network is the machine's. */
async function inRoot({ root, env, workdir, user }: Built, script: string): Promise<void> {
  const given = { ...await outside(), ...env };
  const pairs = Object.entries(given).map(([name, value]) => `${name}=${value}`);
  const id = await outputOf("chroot", [root, "id", "-u", user]);
  await run("unshare", [
    ...["--mount", "--pid", "--fork", "--kill-child", "sh", "-ec"],
    `mount -t proc proc "$1/proc"; mount --rbind /dev "$1/dev"
     touch "$1/etc/resolv.conf"; mount --bind /etc/resolv.conf "$1/etc/resolv.conf"
     root=$1; workdir=$2; id=$3; script=$4; shift 4
     exec chroot --userspec="$id" "$root" env -i "$@" sh -ec 'cd "$1"; eval "$2"' sh "$workdir" "$script"`,
    ...["sh", root, workdir, `${id}:`, script, ...pairs],
  ]);
}

/** Variables that say how packages are reached from this machine. */
const TO_PACKAGES = /^(npm_config_.*|.*_proxy|NODE_EXTRA_CA_CERTS|SSL_CERT_(FILE|DIR)|DENO_CERT)$/i;

/** What a build needs of the machine to reach packages. */
async function outside(): Promise<Record<string, string>> {
  const passed = Object.entries(Deno.env.toObject())
    .filter(([name]) => TO_PACKAGES.test(name));
  const registry = await outputOf("npm", ["config", "get", "registry"]);
  return { HOME: "/root", NPM_CONFIG_REGISTRY: registry, ...Object.fromEntries(passed) };
}

/** Node and npm of this machine, in the place of the node image's. */
async function addNode(root: string): Promise<void> {
  const node = await Deno.realPath(await outputOf("sh", ["-c", "command -v node"]));
  const npm = await outputOf("npm", ["root", "--global"]);
  await Deno.copyFile(node, join(root, "usr/local/bin/node"));
  await Deno.chmod(join(root, "usr/local/bin/node"), 0o755);
  await Deno.mkdir(join(root, "usr/local/lib/node_modules"), { recursive: true });
  await run("cp", ["-a", join(npm, "npm"), join(root, "usr/local/lib/node_modules/npm")]);
  await Deno.symlink(
    "../lib/node_modules/npm/bin/npm-cli.js",
    join(root, "usr/local/bin/npm"),
  );
  await Deno.mkdir(join(root, "etc/ssl"), { recursive: true });
  await run("cp", ["-rL", "/etc/ssl/certs", join(root, "etc/ssl/certs")]);
}

/** The files that `COPY . .` would take: those of the repository, less .dockerignore. */
async function copySource(target: string): Promise<void> {
  const ignored = (await Deno.readTextFile(join(SOURCE, ".dockerignore"))).trim().split("\n");
  const files = (await outputOf("git", ["-C", SOURCE, "ls-files"])).split("\n")
    .filter((file) => !ignored.some((name) => file === name || file.startsWith(`${name}/`)));
  await run("tar", ["-C", SOURCE, "-cf", `${target}.tar`, "-T", "-"], files.join("\n") + "\n");
  await run("tar", ["-C", target, "--no-same-owner", "-xf", `${target}.tar`]);
  await Deno.remove(`${target}.tar`);
}

async function copy({ flags, text }: Instruction, built: Built, stages: Map<string, Built>) {
  const [source, target] = text.split(/\s+/) as [string, string];
  const place = join(built.root, target.startsWith("/") ? target : join(built.workdir, target));
  if (!flags.from) return await copySource(place);
  const from = join(stages.get(flags.from)!.root, source);
  await Deno.mkdir(join(place, ".."), { recursive: true });
  await run("cp", ["-a", "-T", from, place]);
}

const jsonAfterCmd = (text: string): string[] => JSON.parse(text.replace(/^CMD\s+/, ""));

async function step(instruction: Instruction, built: Built, stages: Map<string, Built>) {
  const { name, text } = instruction;
  console.log(`${name} ${text.length > 90 ? `${text.slice(0, 90)}…` : text}`);
  const known: Record<string, () => Promise<void> | void> = {
    ARG: () => void Object.assign(built.env, Object.fromEntries(assignments(text))),
    ENV: () => void Object.assign(built.env, Object.fromEntries(assignments(text))),
    WORKDIR: () => Deno.mkdir(join(built.root, built.workdir = text), { recursive: true }),
    USER: () => void (built.user = text),
    COPY: () => copy(instruction, built, stages),
    RUN: () => inRoot(built, text),
    HEALTHCHECK: () => void (built.health = jsonAfterCmd(text)),
    ENTRYPOINT: () => void (built.entrypoint = JSON.parse(text)),
    VOLUME: () => {},
    EXPOSE: () => {},
    STOPSIGNAL: () => {},
  };
  if (!known[name]) throw new Error(`this tool does not know ${name}`);
  await known[name]();
}

async function build(stage: Stage, root: string, base: string, stages: Map<string, Built>) {
  console.log(`\nFROM ${stage.base}`);
  await Deno.remove(root, { recursive: true }).catch(() => {});
  await run("cp", ["-a", base, root]);
  if (stage.base.startsWith("node:")) await addNode(root);
  const env = { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" };
  const built: Built = { root, env, workdir: "/", user: "root", health: [], entrypoint: [] };
  for (const instruction of stage.steps) await step(instruction, built, stages);
  return built;
}

/** Starts the image's process where nothing but its volume can be written and nothing be reached. */
async function prove({ root, env, workdir, user, health, entrypoint }: Built): Promise<void> {
  console.log(`\nas ${user}, on a read-only root, without a network:`);
  const id = await outputOf("chroot", [root, "id", "-u", user]);
  const token = `image-${crypto.randomUUID()}`;
  const pairs = Object.entries({ ...env, HOME: "/data", ADMIN_TOKEN: token })
    .map(([name, value]) => `${name}=${value}`);
  const quoted = (words: string[]) => words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`);
  const inside = ["chroot", `--userspec=${id}:${id}`, root, "env", "-i", "-C", workdir, ...pairs];
  const as = (words: string[]) => quoted([...inside, ...words]).join(" ");
  const question = `const headers = { authorization: "Bearer ${token}", ` +
    `"content-type": "application/json", prefer: "wait=10" };` +
    `const body = JSON.stringify({ conversation_id: "c", bot_id: "b", user_message: "Hello?" });` +
    `const answer = await fetch("http://127.0.0.1:${env.PORT}/api/performance/conversations/queue", ` +
    `{ method: "POST", headers, body });` +
    `console.log("a question is answered:", (await answer.json()).result.source);`;
  await run("unshare", [
    "--mount",
    "--net",
    "--pid",
    "--fork",
    "--kill-child",
    "sh",
    "-ec",
    `
    mount --bind ${root} ${root}
    mount -t proc proc ${root}/proc
    mount --rbind /dev ${root}/dev
    mount -o remount,bind,ro ${root}
    mount -t tmpfs -o mode=0700,uid=${id},gid=${id} tmpfs ${root}/data
    mount -t tmpfs tmpfs ${root}/tmp
    ip link set lo up
    setpriv --no-new-privs ${as(entrypoint)} & pid=$!
    for n in $(seq 300); do
      kill -0 $pid || { wait $pid; exit 1; }
      if ${as(health)}; then break; fi
      sleep 0.2
    done
    ${as(health)} && echo 'the health check is well'
    grep -E '^(Uid|CapEff|NoNewPrivs)' ${root}/proc/$pid/status
    if ${as(["touch", "/app/x"])} 2>/dev/null; then echo 'the root can be written'; exit 1; fi
    ${as(["deno", "eval", "--no-config", "--no-lock", question])}
    kill -TERM $pid
    wait $pid && echo 'it ended in good order'
  `,
  ]);
}

if (import.meta.main) {
  const folder = Deno.args[0] ?? await Deno.makeTempDir({ prefix: "pixel-image-" });
  await Deno.mkdir(folder, { recursive: true });
  const base = await baseSystem(folder);
  const stages = new Map<string, Built>();
  let last: Built | undefined;
  const found = stagesOf(await Deno.readTextFile(join(SOURCE, "Dockerfile")));
  for (const [index, stage] of found.entries()) {
    last = await build(stage, join(folder, `stage-${index}`), base, stages);
    if (stage.alias) stages.set(stage.alias, last);
  }
  await prove(last!);
  console.log(`\n${await outputOf("du", ["-sh", last!.root])}`);
}
