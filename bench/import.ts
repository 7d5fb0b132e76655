/**
 * How fast finished conversations are imported, over HTTP from another process and by the command,
 * until all are on disk. They are made up, of the size that conversations of the STAR data set have:
 * 17 messages and 2.2 KB of JSON on average, 108 users, 24 bots.
 *
 *     deno task bench import --size 0.2     fewer conversations
 */
import { openConversationFile } from "../lib/cli/conversation_file.ts";
import { type BenchOptions, type BenchReport, Figures } from "./report.ts";
import { startService } from "./service.ts";
import { cpuOf, diskOf } from "./turns/footprint.ts";
import { conversationLines } from "./import/lines.ts";

const ROOT = new URL("../", import.meta.url);
const CONVERSATIONS = 30_000;
const OWN = "pixel";

/** Conversations a second, CPU of the service and bytes on disk; every round into a new database. */
export async function run(
  { rounds, size, only, tell }: BenchOptions,
): Promise<Pick<BenchReport, "versions" | "rows">> {
  const figures = new Figures();
  const count = Math.max(1_000, Math.round(CONVERSATIONS * size));
  const folder = await Deno.makeTempDir({ prefix: "bench-import-" });
  const plain = `${folder}/conversations.ndjson`;
  const packed = `${plain}.gz`;
  try {
    await write(plain, packed, count);
    const ways = { "over HTTP": plain, "over HTTP, gzip": packed, "by the command, gzip": packed };
    for (let round = 1; round <= rounds; round++) {
      for (const [way, file] of Object.entries(ways)) {
        if (only && !way.includes(only)) continue;
        tell(`${count.toLocaleString("en")} conversations ${way}, round ${round} of ${rounds}`);
        const { seconds, cpu, bytes } = await importOnce(file, count, way.includes("command"));
        figures.add(`import ${way}`, OWN, count / seconds, "conversations/s");
        figures.add(`CPU of the service, ${way}`, OWN, cpu * 1e6 / count, "µs");
        figures.add("bytes a conversation", OWN, bytes / count, "B");
      }
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  return { versions: { deno: Deno.version.deno }, rows: figures.rows(OWN) };
}

async function write(plain: string, packed: string, count: number): Promise<void> {
  const lines = () =>
    ReadableStream.from(conversationLines(count)).pipeThrough(new TextEncoderStream());
  const create = async (path: string) => (await Deno.create(path)).writable;
  await lines().pipeTo(await create(plain));
  const gzip = new CompressionStream("gzip") as unknown as TransformStream<Uint8Array, Uint8Array>;
  await lines().pipeThrough(gzip).pipeTo(await create(packed));
}

async function importOnce(
  file: string,
  count: number,
  command: boolean,
): Promise<{ seconds: number; cpu: number; bytes: number }> {
  await using server = await startService({ LOG_LEVEL: "error" });
  const cpuBefore = await cpuOf(server.pid);
  const from = performance.now();
  const imported = command
    ? await byCommand(server.url, server.token, file)
    : await overHttp(server.url, server.token, file);
  const seconds = (performance.now() - from) / 1000;
  if (imported !== count) throw new Error(`${imported} of ${count} were imported`);
  const cpu = await cpuOf(server.pid) - cpuBefore;
  return { seconds, cpu, bytes: await diskOf(server.folder) };
}

async function overHttp(url: string, token: string, file: string): Promise<number> {
  const response = await fetch(`${url}/api/performance/conversations/import`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${token}`,
      "content-type": file.endsWith(".gz") ? "application/gzip" : "application/x-ndjson",
    },
    body: (await openConversationFile(file)).stream(),
  });
  return (await response.json()).imported;
}

async function byCommand(url: string, token: string, file: string): Promise<number> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", "import", file, "--json"],
    cwd: ROOT,
    env: { PIXEL_URL: url, PIXEL_TOKEN: token },
    stderr: "inherit",
  }).output();
  return JSON.parse(new TextDecoder().decode(stdout)).imported;
}
