import { startService } from "../service.ts";
import { cpuOf } from "../turns/footprint.ts";
import { type Answered, botOf, type Example, type Split } from "./data.ts";

const BOT_ID = "judged";
const BATCH = 1_000;
const POLL_MS = 250;

/** What a service said to everything asked, and the CPU time that it took for it. */
export interface Judged {
  asked: Answered[];
  offTopic: Answered[];
  cost: { bytes: number; trainingMs: number; answerMs: number };
}

/** Teaches a bot by `PUT /bots`, asks by batches, and reads the results of the turns. */
export async function throughService(split: Split): Promise<Judged> {
  await using server = await startService({ RATE_LIMIT_PER_SECOND: "0", LOG_LEVEL: "error" });
  const call = caller(server.url, server.token);
  const cpuMs = async () => 1_000 * await cpuOf(server.pid);
  const idle = await cpuMs();
  const { name, intents } = botOf(split.taught);
  const body = JSON.stringify({ name, intents, cache: "off" });
  await call("PUT", `/bots/${BOT_ID}`, body);
  while (await classifierOf(call) !== "ready") await pause();
  const trained = await cpuMs();
  const everything = [...split.asked, ...split.offTopic];
  for (let from = 0; from < everything.length; from += BATCH) {
    await ask(call, everything.slice(from, from + BATCH), from);
  }
  const answered = await cpuMs();
  const results: Answered[] = [];
  for (const [n, example] of everything.entries()) results.push(await resultOf(call, example, n));
  return {
    asked: results.slice(0, split.asked.length),
    offTopic: results.slice(split.asked.length),
    cost: {
      bytes: new TextEncoder().encode(body).length,
      trainingMs: trained - idle,
      answerMs: (answered - trained) / everything.length,
    },
  };
}

type Call = (method: string, path: string, body?: string) => Promise<Record<string, unknown>>;

function caller(url: string, token: string): Call {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  return async (method, path, body) => {
    const response = await fetch(`${url}/api/performance${path}`, { method, headers, body });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return JSON.parse(text);
  };
}

async function classifierOf(call: Call): Promise<string | undefined> {
  const { bots } = await call("GET", "/bots?limit=1") as {
    bots: { classifier: { status: string } }[];
  };
  return bots[0]?.classifier.status;
}

/** Queues messages, each a conversation of its own, and waits for the last answer. */
async function ask(call: Call, examples: Example[], from: number): Promise<void> {
  const batch_id = `b${from}`;
  const conversations = examples.map(({ text }, i) => ({
    conversation_id: `c${from + i}`,
    user_id: "bench",
    bot_id: BOT_ID,
    user_message: text,
  }));
  await call("POST", "/conversations/batch", JSON.stringify({ batch_id, conversations }));
  for (;;) {
    const { batch_status } = await call("GET", `/conversations/batch/${batch_id}/status`) as {
      batch_status: { pending: number };
    };
    if (batch_status.pending === 0) return;
    await pause();
  }
}

async function resultOf(call: Call, { label }: Example, n: number): Promise<Answered> {
  const { conversation_status } = await call("GET", `/conversations/c${n}/status`) as {
    conversation_status: { result?: Omit<Answered, "label"> };
  };
  const { result } = conversation_status;
  if (!result) throw new Error(`conversation c${n} has no result`);
  return { label, intent: result.intent, score: result.score, source: result.source };
}

const pause = () => new Promise((resolve) => setTimeout(resolve, POLL_MS));
