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
import { liveTraffic } from "./live_traffic.ts";
import { People } from "./people.ts";
import { seededRandom } from "./random.ts";

/** A service that runs inside this process. */
export interface RunningService {
  /** Its address, without a path. */
  url: string;
  /** A new address that signs a browser in as administrator once. */
  signInLink(): Promise<string>;
  /** Resolves when somebody asked over the API that it stops. */
  stopAsked?: Promise<void>;
  /** Ends it: everything under way is finished or released, everything open is closed. */
  stop(): Promise<void>;
}

/** Starts the complete service with these environment variables and no others. */
export type StartService = (env: Record<string, string>) => Promise<RunningService>;

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
 * The complete service on a temporary folder of its own, with bots, history and traffic that are
 * made up, until the context's signal aborts; then the folder is deleted. It is given no setting of
 * the surroundings, so that it cannot touch a real database, Redis or model.
 */
export async function runDemo(
  context: CliContext,
  startService: StartService,
  options: DemoOptions,
): Promise<void> {
  const dataDir = await Deno.makeTempDir({ prefix: "pixel-demo-" });
  try {
    const bar = new ProgressBar(context, "Preparing the demo:");
    bar.update(0, null, "starting the service");
    const token = crypto.getRandomValues(new Uint8Array(24)).toHex();
    const service = await startService({
      PORT: String(freePort(options.port)),
      HOST: "127.0.0.1",
      DATA_DIR: dataDir,
      ADMIN_TOKEN: token,
      LOG_LEVEL: "warn",
      LOG_FORMAT: context.errIsTerminal ? "pretty" : "json",
    });
    try {
      const api = new ApiClient(service.url, token);
      await fillAndRun(context, service, api, token, options, bar).finally(() => bar.clear());
    } finally {
      await service.stop();
    }
  } finally {
    await Deno.remove(dataDir, { recursive: true });
  }
}

async function fillAndRun(
  context: CliContext,
  service: RunningService,
  api: ApiClient,
  token: string,
  options: DemoOptions,
  bar: ProgressBar,
): Promise<void> {
  const { signal } = context;
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
  context.out(welcome(service.url, await service.signInLink(), token, imported, options.days));
  await liveTraffic(api, {
    bots: DEMO_BOTS,
    people,
    random,
    run: now.toString(36),
    signal,
    opening: OPENING,
    pauseMs: [800, 4_000],
    thinkMs: [2_000, 6_000],
    onFailure: (reason) => context.err(`a demo conversation failed: ${reason}\n`),
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

function welcome(url: string, link: string, token: string, imported: number, days: number): string {
  return `
A demo of Pixel Performance: ${DEMO_BOTS.length} bots, ${formatCount(imported)} conversations of the
last ${days} days and live traffic, all made up, in a temporary folder that is deleted at the end.

  Dashboard (signs you in, works once)
    ${link}

  Ask a bot
    curl -s ${url}/api/performance/conversations/queue \\
      -H "Authorization: Bearer ${token}" \\
      -H "Content-Type: application/json" -H "Prefer: wait=10" \\
      -d '{"conversation_id": "my-first", "bot_id": "bakery", "user_message": "Do you have gluten-free bread?"}'

Ctrl-C ends it.
`;
}
