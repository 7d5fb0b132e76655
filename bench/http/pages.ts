/** The dashboard's pages as one signed-in visitor after the other gets them, over a filled database. */
import { DEMO_BOTS } from "../../lib/cli/demo/demo.ts";
import { botDefinition } from "../../lib/cli/demo/demo_bot.ts";
import { demoHistory } from "../../lib/cli/demo/history.ts";
import { People } from "../../lib/cli/demo/people.ts";
import { seededRandom } from "../../lib/cli/demo/random.ts";
import { ApiClient } from "../../lib/cli/api_client.ts";
import { importConversations } from "../../lib/cli/import_command.ts";
import { Database } from "../../lib/kv/database.ts";
import { HistoryStore } from "../../lib/monitoring/history_store.ts";
import type { BenchOptions, Figures } from "../report.ts";
import { type BenchedService, startService } from "../service.ts";
import { cpuOf } from "../turns/footprint.ts";

const DAYS = 60;
const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
const SEED = 7;
/** Of each page and round, at the usual size. */
const REQUESTS = 100;
const WARM_UP = 10;

/** `anew`: what others read a moment ago is not taken, as for the first who opens the page. */
const PAGES: { metric: string; path: string; anew?: boolean }[] = [
  { metric: "page Overview", path: "/" },
  { metric: "page Background Tasks", path: "/tasks" },
  { metric: "page Analytics", path: "/analytics" },
  { metric: "page Analytics, anew", path: "/analytics", anew: true },
  { metric: "page Health", path: "/health?hours=24" },
];

/** The pages that the option `--only` names. */
export const pagesFor = (only: string | undefined) =>
  PAGES.filter(({ metric }) => !only || metric.includes(only));

/** Adds p50 and p95 of getting each page, and what it costs the service's processor, in ms. */
export async function measurePages(
  { rounds, size, only, tell }: BenchOptions,
  figures: Figures,
): Promise<void> {
  await using service = await startService(
    { RATE_LIMIT_PER_SECOND: "0", LOG_LEVEL: "warn" },
    fillHistory,
  );
  tell(`${await fillConversations(service)} conversations of ${DAYS} days imported`);
  const cookie = await signIn(service);
  const requests = Math.max(20, Math.round(REQUESTS * size));
  for (let round = 1; round <= rounds; round++) {
    for (const { metric, path, anew } of pagesFor(only)) {
      const headers = {
        cookie,
        accept: "text/html",
        ...(anew ? { "cache-control": "no-cache" } : {}),
      };
      const get = () => getPage(service.url + path, headers);
      for (let n = 0; n < WARM_UP; n++) await get();
      const cpuBefore = await cpuOf(service.pid);
      const took: number[] = [];
      for (let n = 0; n < requests; n++) took.push(await get());
      const cpu = (await cpuOf(service.pid) - cpuBefore) * 1_000 / requests;
      took.sort((a, b) => a - b);
      const at = (share: number) => took[Math.floor(share * took.length)]!;
      tell(`round ${round}: ${metric}: p95 ${at(0.95).toFixed(1)} ms, CPU ${cpu.toFixed(1)} ms`);
      figures.add(`${metric}, p50`, "pixel", at(0.5), "ms");
      figures.add(`${metric}, p95`, "pixel", at(0.95), "ms");
      figures.add(`${metric}, CPU`, "pixel", cpu, "ms");
    }
  }
}

/** A month of hours and a day of minutes of the performance history, as if it had been recorded. */
async function fillHistory(folder: string): Promise<void> {
  await using db = await Database.open({ path: `${folder}/pixel.sqlite` });
  const store = new HistoryStore(db);
  const now = Math.floor(Date.now() / MINUTE_MS);
  const record = (minute: number) => ({
    ...{ hits: 40, lookups: 50, completed: 20, failed: minute % 50 === 0 ? 1 : 0 },
    score: 95 + 4 * Math.sin(minute / 90),
    cpuPercent: 30 + 12 * Math.sin(minute / 60),
    memoryPercent: 60 + 2 * Math.sin(minute / 400),
    queueDepth: 20 + Math.round(16 * Math.sin(minute / 30)),
    latencyMs: 280 + 90 * Math.sin(minute / 45),
  });
  const baseline = { completed: 0, failed: 0 };
  const hours = Array.from({ length: 29 * 24 }, (_, n) => now - (n + 25) * 60);
  const minutes = Array.from({ length: 24 * 60 }, (_, n) => now - n - 1);
  for (const minute of [...hours, ...minutes]) await store.put(minute, record(minute), baseline);
}

async function fillConversations({ url, token }: BenchedService): Promise<number> {
  const api = new ApiClient(url, token);
  for (const bot of DEMO_BOTS) {
    await api.request("PUT", `/bots/${bot.botId}`, { body: botDefinition(bot) });
  }
  const until = Math.floor(Date.now() / DAY_MS) * DAY_MS;
  const random = seededRandom(SEED);
  const people = new People(random);
  const lines = demoHistory({
    bots: DEMO_BOTS,
    from: until - DAYS * DAY_MS,
    until,
    people,
    random,
  });
  const stream = ReadableStream.from(lines).pipeThrough(
    new TransformStream<string, string>({
      transform: (line, controller) => controller.enqueue(`${line}\n`),
    }),
  ).pipeThrough(new TextEncoderStream());
  const { signal } = new AbortController();
  const { imported } = await importConversations(api, stream, { gzipped: false, signal });
  return imported;
}

/** The cookie of a new session. */
async function signIn({ url, token }: BenchedService): Promise<string> {
  const response = await fetch(`${url}/sign-in`, {
    method: "POST",
    body: new URLSearchParams({ token, next: "/" }),
    redirect: "manual",
  });
  await response.body?.cancel();
  const cookie = response.headers.getSetCookie().map((one) => one.split(";")[0]).join("; ");
  if (!cookie) throw new Error(`signing in was answered ${response.status}, without a cookie`);
  return cookie;
}

/** Milliseconds until the whole page is there; throws when it is none. */
async function getPage(url: string, headers: Record<string, string>): Promise<number> {
  const begin = performance.now();
  const response = await fetch(url, { headers, redirect: "manual" });
  const html = await response.text();
  const took = performance.now() - begin;
  if (response.status !== 200 || !html.endsWith("</html>")) {
    throw new Error(`${url} was answered ${response.status}`);
  }
  return took;
}
