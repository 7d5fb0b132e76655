import { ApiClient } from "../api_client.ts";
import type { CliContext } from "../context.ts";
import { formatCount } from "../format.ts";
import { ProgressBar } from "../progress_bar.ts";
import { importConversations } from "../import_command.ts";
import { bakery } from "./bots/bakery.ts";
import { broadband } from "./bots/broadband.ts";
import { clinic } from "./bots/clinic.ts";
import { library } from "./bots/library.ts";
import { botDefinition, type DemoBot } from "./demo_bot.ts";
import { demoHistory } from "./history.ts";
import { serveBreaker } from "./breaker.ts";
import type { StartChild } from "./child_service.ts";
import type { DemoRedis } from "./demo_redis.ts";
import { freshState } from "./demo_state.ts";
import type { DemoState } from "../../wire/demo.ts";
import { liveTraffic } from "./live_traffic.ts";
import { People } from "./people.ts";
import { seededRandom } from "./random.ts";

/** What the demo starts. */
export interface DemoPorts {
  startChild: StartChild;
  /** Null where there is no redis-server on this machine. */
  startRedis(port: number): Promise<DemoRedis | null>;
}

/** How a demo is run. */
export interface DemoOptions {
  port: number;
  seed: number;
  days: number;
}

/** The demo's bots. */
export const DEMO_BOTS: DemoBot[] = [bakery, library, broadband, clinic];

const DAY_MS = 24 * 60 * 60 * 1_000;
const LINES_PER_CHUNK = 100;
/** Conversations of today that are held at the start: about those of a day. */
const OPENING = 160;

/**
 * The complete service in a process of its own, on a temporary folder of its own, with bots, history
 * and traffic that are made up, until the context's signal aborts; then the folder is deleted. It is
 * given no setting of the surroundings, so that it cannot touch a real database, Redis or model.
 * Beside it stands a page that kills the service, and a redis-server where there is one.
 */
export async function runDemo(
  context: CliContext,
  { startChild, startRedis }: DemoPorts,
  options: DemoOptions,
): Promise<void> {
  const dataDir = await Deno.makeTempDir({ prefix: "pixel-demo-" });
  try {
    const bar = new ProgressBar(context, "Preparing the demo:");
    bar.update(0, null, "starting the service");
    await using redis = await startRedis(freePort(0));
    const token = crypto.getRandomValues(new Uint8Array(24)).toHex();
    const env = {
      PORT: String(freePort(options.port)),
      HOST: "127.0.0.1",
      DATA_DIR: dataDir,
      ADMIN_TOKEN: token,
      LOG_LEVEL: "warn",
      LOG_FORMAT: context.errIsTerminal ? "pretty" : "json",
      ...(redis ? { REDIS_URL: redis.url } : {}),
    };
    const state = freshState(redis ? "running" : "none");
    await using breaker = serveBreaker({
      state,
      redis,
      start: (url) => startChild({ ...env, DEMO_URL: url }),
      onFailure: (reason) => context.err(`the demo could not be mended: ${reason}\n`),
    });
    const { url } = await breaker.start();
    const started = { url, token, state, breaker: breaker.url };
    await fillAndRun(context, started, options, bar).finally(() => bar.clear());
  } finally {
    await Deno.remove(dataDir, { recursive: true });
  }
}

interface Started {
  url: string;
  token: string;
  state: DemoState;
  breaker: string;
}

async function fillAndRun(
  context: CliContext,
  { url, token, state, breaker }: Started,
  options: DemoOptions,
  bar: ProgressBar,
): Promise<void> {
  const { signal } = context;
  const api = new ApiClient(url, token);
  const random = seededRandom(options.seed);
  const people = new People(random);
  for (const bot of DEMO_BOTS) {
    await api.request("PUT", `/bots/${bot.botId}`, { body: botDefinition(bot), signal });
  }
  const now = Date.now();
  const today = Math.floor(now / DAY_MS) * DAY_MS;
  const from = today - options.days * DAY_MS;
  const lines = demoHistory({ bots: DEMO_BOTS, from, until: today, people, random });
  const { imported } = await importConversations(
    api,
    streamOf(lines, (count) => bar.update(0, null, `${formatCount(count)} conversations`)),
    { gzipped: false, signal },
  );
  bar.clear();
  const { path } = await api.request<{ path: string }>("POST", "/sessions/link", { signal });
  context.out(welcome({ url, link: url + path, token, imported, breaker }, options.days));
  await liveTraffic(api, {
    bots: DEMO_BOTS,
    people,
    random,
    run: now.toString(36),
    signal,
    opening: OPENING,
    pauseMs: [800, 4_000],
    thinkMs: [2_000, 6_000],
    onQuestion: () => state.asked++,
    onAnswer: () => state.answered++,
    onFailure(reason) {
      state.lost++;
      context.err(`a demo conversation failed: ${reason}\n`);
    },
  });
}

/** The preferred port, or a free one where it is taken. */
function freePort(preferred: number): number {
  for (const port of [preferred, 0]) {
    try {
      using listener = Deno.listen({ hostname: "127.0.0.1", port });
      return listener.addr.port;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse) || port === 0) throw error;
    }
  }
  throw new Error("no port is free");
}

function streamOf(
  lines: Generator<string>,
  onLines: (count: number) => void,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let read = 0;
  return new ReadableStream({
    pull(controller) {
      let chunk = "";
      for (let count = 0; count < LINES_PER_CHUNK; count++) {
        const line = lines.next();
        if (line.done) break;
        chunk += line.value + "\n";
        read++;
      }
      onLines(read);
      if (chunk === "") controller.close();
      else controller.enqueue(encoder.encode(chunk));
    },
  });
}

interface Welcome {
  url: string;
  link: string;
  token: string;
  imported: number;
  breaker: string;
}

function welcome({ url, link, token, imported, breaker }: Welcome, days: number): string {
  return `
A demo of Pixel Performance: ${DEMO_BOTS.length} bots, ${formatCount(imported)} conversations of the
last ${days} days and live traffic, all made up, in a temporary folder that is deleted at the end.

  Dashboard (signs you in, works once)
    ${link}

  Kill it, and see what was lost
    ${breaker}

  Ask a bot
    curl -s ${url}/api/performance/conversations/queue \\
      -H "Authorization: Bearer ${token}" \\
      -H "Content-Type: application/json" -H "Prefer: wait=10" \\
      -d '{"conversation_id": "my-first", "bot_id": "bakery", "user_message": "Do you have gluten-free bread?"}'

Ctrl-C ends it.
`;
}
