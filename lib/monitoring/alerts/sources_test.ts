import assert from "node:assert/strict";
import { Database } from "../../kv/database.ts";
import { WriteSet } from "../../kv/write_set.ts";
import { firstStart } from "../first_start.ts";
import { readUploadRecord, recordFailedUpload, recordUpload } from "../upload_record.ts";
import { alertRules } from "./rules.ts";
import { alertInputs } from "./sources.ts";

const HOUR_MS = 3_600_000;

Deno.test("an upload that failed is bad until the next one is done, one that never comes after 26 hours", async () => {
  await using db = await Database.open({ path: ":memory:" });
  const rule = alertRules({
    ...{ hitRate: 80, successRate: 95, cpu: 80, memory: 85, disk: 90, backlogSeconds: 300 },
    ...{ deadLetters: 100, diskReserveBytes: 1, tokensPerDay: 0 },
  }).find(({ name }) => name === "backup_upload")!;
  let configured = true;
  const judged = async (now: number) => {
    const inputs = await alertInputs({
      system: { latest: () => ({}) as never },
      rates: () => Promise.resolve({ hitRate: null, lookups: 0, successRate: null, ended: 0 }),
      queues: () => Promise.resolve([]),
      deadLetters: () => Promise.resolve(0),
      health: () => Promise.resolve({ checks: [] } as never),
      newestBackupAt: () => Promise.resolve(now),
      uploads: async () => configured ? await readUploadRecord(db.kv) : null,
      tokensToday: () => Promise.resolve(0),
      now: () => now,
      startedAt: 0,
      firstStartedAt: 0,
    });
    const value = rule.read(inputs);
    return value ? rule.say(value, inputs) : value;
  };
  assert.equal(await judged(HOUR_MS), 0);
  assert.equal(await judged(27 * HOUR_MS), "nothing was uploaded for 1 d");
  const write = async (add: (tx: WriteSet) => void) => {
    const tx = new WriteSet();
    add(tx);
    assert.ok(await db.commit(tx));
  };
  await write((tx) => recordFailedUpload(tx, 28 * HOUR_MS, "s3.example answered 403"));
  assert.equal(await judged(28 * HOUR_MS), "s3.example answered 403");
  await write((tx) => recordUpload(tx, 29 * HOUR_MS));
  assert.equal(await judged(30 * HOUR_MS), 0);
  configured = false;
  assert.equal(await judged(99 * HOUR_MS), null);
});

Deno.test("a first backup that never came is missed from the first start on, whatever restarts", async () => {
  await using db = await Database.open({ path: ":memory:" });
  for (const day of [0, 1, 2]) {
    const startedAt = (1_000 + 24 * day) * HOUR_MS;
    const { backupAgeMs } = await alertInputs({
      system: { latest: () => ({}) as never },
      rates: () => Promise.resolve({ hitRate: null, lookups: 0, successRate: null, ended: 0 }),
      queues: () => Promise.resolve([]),
      deadLetters: () => Promise.resolve(0),
      health: () => Promise.resolve({ checks: [] } as never),
      newestBackupAt: () => Promise.resolve(null),
      uploads: () => Promise.resolve(null),
      tokensToday: () => Promise.resolve(0),
      now: () => startedAt + HOUR_MS,
      startedAt,
      firstStartedAt: await firstStart(db, startedAt),
    });
    assert.equal(backupAgeMs, (24 * day + 1) * HOUR_MS);
  }
});
