import { Connections } from "./connections.ts";
import { diskOf, memoryOf } from "./footprint.ts";
import type { Subject } from "./subject.ts";

/** Connections that offer turns; a client that waits for its answer holds one of 64 others. */
const CONNECTIONS = 64;
const CALLERS = 64;
const WATCH_MS = 250;
/** Longest wait for a service to be as fast as before. */
const RECOVERY_MS = 25_000;

/** What happened while a service was offered turns at one rate. */
export interface Level {
  offered: number;
  accepted: number;
  /** Answers during the load, a second. */
  answeredPerSecond: number;
  /** From the moment a turn was to be sent until its answer was stored, milliseconds, ascending. */
  latencies: number[];
  /** Of turns with high priority, until their answer was here. */
  high: number[];
  /** How long refusals took, and what statuses they had. */
  refusals: number[];
  refusedWith: Set<number>;
  dashboard: number[];
  /** Accepted turns that had no answer in the end; those not waited for do not count. */
  lost: number;
  /** Null when it did not come back in time. */
  recoveryMs: number | null;
  memoryBytes: number;
  /** Growth, an accepted turn. */
  diskBytes: number;
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Answers a second with 64 callers who each wait for their answer, in the last three quarters. */
export async function capacityOf(subject: Subject, seconds: number): Promise<number> {
  await using connections = new Connections(subject.address, CALLERS);
  const from = performance.now();
  const begun = from + seconds * 250;
  const end = from + seconds * 1000;
  let answered = 0;
  const run = crypto.randomUUID();
  await Promise.all(Array.from({ length: CALLERS }, async (_, caller) => {
    for (let n = 0; performance.now() < end; n++) {
      const answer = await connections.send(subject.ask(`${run}-${caller}-${n}`));
      if (answer?.status !== 200) throw new Error(`${subject.name}: ${answer?.body}`);
      const now = performance.now();
      if (now >= begun && now < end) answered++;
    }
  }));
  if (answered === 0) throw new Error(`${subject.name} answered nothing`);
  return answered / (end - begun) * 1000;
}

/** How long one answer takes while nothing else happens: the median of ten, in milliseconds. */
export async function calmLatency(subject: Subject): Promise<number> {
  await using connections = new Connections(subject.address, 1);
  const taken: number[] = [];
  for (let n = 0; n < 10; n++) {
    const answer = await connections.send(subject.ask(`calm-${crypto.randomUUID()}`));
    taken.push(answer!.ms);
  }
  return taken.sort((a, b) => a - b)[5]!;
}

/** Offers turns at a steady rate, whatever becomes of them, and then looks after each. */
export async function runLevel(
  subject: Subject,
  rate: number,
  seconds: number,
  calmMs: number,
): Promise<Level> {
  await using load = new Connections(subject.address, CONNECTIONS);
  await using watch = new Connections(subject.address, 64);
  const diskBefore = await diskOf(subject.folder);
  const run = crypto.randomUUID();
  const sentAt = new Map<string, number>();
  const level: Level = {
    offered: 0,
    accepted: 0,
    answeredPerSecond: 0,
    latencies: [],
    high: [],
    refusals: [],
    refusedWith: new Set(),
    dashboard: [],
    lost: 0,
    recoveryMs: null,
    memoryBytes: 0,
    diskBytes: 0,
  };
  const started = Date.now();
  const ended = started + seconds * 1000;
  const watching = watchLevel(subject, watch, level, ended, run);
  const sending: Promise<void>[] = [];
  for (let due = 0; Date.now() < ended;) {
    const target = (Date.now() - started) / 1000 * rate;
    for (; due < target && load.waiting < CONNECTIONS; due++) {
      const id = `${run}-${due}`;
      sending.push(offer(subject, load, level, sentAt, id, started + due / rate * 1000));
    }
    // What no connection was free for is not caught up with: nobody could have sent it.
    due = Math.max(due, Math.floor(target));
    await pause(1);
  }
  load.drop();
  await watching;
  await Promise.all(sending);
  level.recoveryMs = await recovery(subject, watch, calmMs, ended);
  await settle(subject, load, level, sentAt, started, ended);
  level.diskBytes = (await diskOf(subject.folder) - diskBefore) / Math.max(1, level.accepted);
  return level;
}

async function offer(
  subject: Subject,
  load: Connections,
  level: Level,
  sentAt: Map<string, number>,
  id: string,
  dueAt: number,
): Promise<void> {
  const answer = await load.send(subject.queue(id));
  if (!answer) return;
  level.offered++;
  if (answer.status === 200) {
    level.accepted++;
    sentAt.set(id, dueAt);
  } else {
    level.refusals.push(answer.ms);
    level.refusedWith.add(answer.status);
  }
}

/** Memory, the dashboard and turns of high priority, a few times a second. */
async function watchLevel(
  subject: Subject,
  watch: Connections,
  level: Level,
  until: number,
  run: string,
): Promise<void> {
  const asked: Promise<void>[] = [];
  for (let n = 0; Date.now() < until; n++) {
    for (const request of subject.dashboard) {
      asked.push(
        watch.send(request).then((answer) => {
          level.dashboard.push(answer?.status === 200 ? answer.ms : Infinity);
        }),
      );
    }
    asked.push(
      watch.send(subject.ask(`${run}-high-${n}`, true)).then((answer) => {
        const answered = answer?.status === 200 && subject.answeredAt(answer.body) !== null;
        level.high.push(answered ? answer.ms : Infinity);
      }),
    );
    let memory = 0;
    for (const pid of subject.pids) memory += await memoryOf(pid);
    level.memoryBytes = Math.max(level.memoryBytes, memory);
    await pause(WATCH_MS);
  }
  await Promise.all(asked);
}

/** Until a turn of normal priority is answered in about the time that it takes in calm. */
async function recovery(
  subject: Subject,
  watch: Connections,
  calmMs: number,
  loadEndedAt: number,
): Promise<number | null> {
  const giveUpAt = performance.now() + RECOVERY_MS;
  while (performance.now() < giveUpAt) {
    const sentAt = Date.now();
    const answer = await watch.send(subject.ask(`after-${crypto.randomUUID()}`));
    const answered = answer?.status === 200 && subject.answeredAt(answer.body) !== null;
    if (answered && answer.ms <= 2 * calmMs + 20) return sentAt - loadEndedAt;
    if (!answered) await pause(50);
  }
  return null;
}

/** Asks for each accepted turn once; those of a service that is still behind are left alone. */
async function settle(
  subject: Subject,
  load: Connections,
  level: Level,
  sentAt: Map<string, number>,
  started: number,
  ended: number,
): Promise<void> {
  let during = 0;
  await Promise.all([...sentAt].map(async ([id, dueAt]) => {
    const answer = await load.send(subject.status(id));
    const at = answer?.status === 200 ? subject.answeredAt(answer.body) : null;
    if (at === null) {
      if (level.recoveryMs !== null) level.lost++;
      return;
    }
    level.latencies.push(Math.max(0, at - dueAt));
    if (at >= started && at < ended) during++;
  }));
  level.latencies.sort((a, b) => a - b);
  level.answeredPerSecond = during / (ended - started) * 1000;
}
