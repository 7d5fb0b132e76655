import assert from "node:assert/strict";
import { join } from "node:path";
import { FakeClock } from "../../lib/clock.ts";
import { AppError } from "../../lib/errors.ts";
import { lockDataDir } from "../../lib/kv/data_lock.ts";
import { Database } from "../../lib/kv/database.ts";
import { WriteSet } from "../../lib/kv/write_set.ts";
import { Backups } from "../../lib/monitoring/backup.ts";
import { restore } from "../../lib/monitoring/restore.ts";
import { moduleUrl, runAsService } from "../support/scoped.ts";

/** A folder with the KV file of a service in it. */
async function dataDir() {
  const dir = await Deno.makeTempDir();
  return {
    dir,
    kvFile: join(dir, "kv.sqlite"),
    folder: join(dir, "backups"),
    [Symbol.asyncDispose]: () => Deno.remove(dir, { recursive: true }),
  };
}

async function fill(db: Database, count: number, from = 0): Promise<void> {
  for (let start = from; start < from + count; start += 500) {
    const write = new WriteSet();
    for (let i = start; i < Math.min(start + 500, from + count); i++) {
      write.set(["item", i], `value ${i} ${"x".repeat(200)}`);
    }
    await db.commit(write);
  }
}

async function items(path: string): Promise<number> {
  await using db = await Database.open({ path });
  return (await Array.fromAsync(db.kv.list({ prefix: ["item"] }))).length;
}

/** A database of 15 items in the place, and the path of a backup of its first 10. */
async function backedUp({ kvFile, folder }: { kvFile: string; folder: string }): Promise<string> {
  await using db = await Database.open({ path: kvFile });
  await fill(db, 10);
  const { path } = await new Backups(folder, kvFile).create();
  await fill(db, 5, 10);
  return path;
}

Deno.test("a backup under load is consistent, checked, and restores what was there", async () => {
  await using place = await dataDir();
  const backups = new Backups(place.folder, place.kvFile);
  const db = await Database.open({ path: place.kvFile });
  await fill(db, 5_000);
  let written = 0;
  let stop = false;
  const traffic = (async () => {
    // Two keys that always change together: a torn copy would show them apart.
    while (!stop) {
      written++;
      await db.commit(new WriteSet().set(["left"], written).set(["right"], written));
    }
  })();
  const before = written;
  const backup = await backups.create();
  assert.ok(written > before + 1, "writers waited for the backup");
  stop = true;
  await traffic;
  await db.close();

  assert.ok(backup.manifest!.entries >= 5_000);
  assert.ok(backup.compressedBytes < backup.manifest!.bytes / 2);
  const check = await backups.verify(backup.name);
  assert.deepEqual(check, { ok: true, problem: null, entries: backup.manifest!.entries });

  // The disk is lost.
  await Deno.remove(place.kvFile);
  const { dir, kvFile } = place;
  const result = await restore({ dataDir: dir, kvFile, backup: backup.path });
  const { entries } = backup.manifest!;
  assert.deepEqual(result, { backup: backup.path, entries, replaced: null });
  const restored = await Database.open({ path: kvFile });
  const [left, right] = await restored.kv.getMany<[number, number]>([["left"], ["right"]]);
  assert.ok(left.value !== null && left.value <= written);
  assert.equal(left.value, right.value);
  await restored.close();
  assert.equal(await items(kvFile), 5_000);
  const names = (await Array.fromAsync(Deno.readDir(dir), (e) => e.name)).sort();
  assert.deepEqual(names.filter((name) => /partial|restoring/.test(name)), []);
});

Deno.test("restore refuses while a service holds DATA_DIR, and shows what it would replace", async () => {
  await using place = await dataDir();
  const { dir, kvFile } = place;
  const backup = await backedUp(place);

  await using lock = await lockDataDir(dir);
  await assert.rejects(
    restore({ dataDir: dir, kvFile, backup }),
    (error: AppError) => error.code === "conflict" && /in use by process/.test(error.message),
  );
  await lock.release();

  const plan = await restore({ dataDir: dir, kvFile, backup, dryRun: true });
  assert.equal(plan.entries, 10);
  assert.equal(plan.replaced!.entries, 15);
  assert.equal(plan.replaced!.keptAs, null);
  assert.equal(await items(kvFile), 15);

  const done = await restore({ dataDir: dir, kvFile, backup });
  assert.equal(await items(kvFile), 10);
  assert.equal(await items(done.replaced!.keptAs!), 15);
});

Deno.test("a log beside the file that cannot be taken away stops a restore, and nothing changes", async () => {
  await using place = await dataDir();
  const { dir, kvFile } = place;
  const backup = await backedUp(place);
  await Deno.mkdir(`${kvFile}-journal/full`, { recursive: true });
  await assert.rejects(restore({ dataDir: dir, kvFile, backup }), /not empty/);
  await Deno.remove(`${kvFile}-journal`, { recursive: true });
  assert.equal(await items(kvFile), 15);
});

Deno.test("backups within one second have a name each, one after the other and at once", async () => {
  await using place = await dataDir();
  const { kvFile, folder } = place;
  const db = await Database.open({ path: kvFile });
  await fill(db, 10);
  const clock = new FakeClock();
  const backups = new Backups(folder, kvFile, undefined, clock);
  const made = [
    await backups.create(),
    ...await Promise.all([backups.create(), backups.create()]),
  ];
  await db.close();
  assert.deepEqual(made.map(({ at }) => at - clock.now()), [0, 1_000, 2_000]);
  const kept = await backups.list();
  assert.deepEqual(kept.map(({ name }) => name), [made[2]!.name], "the newest of its day");
  assert.ok((await backups.verify(kept[0]!.name)).ok);
});

Deno.test("restores within one second keep a copy each", async () => {
  await using place = await dataDir();
  const { dir, kvFile } = place;
  const backup = await backedUp(place);

  const copies: (string | null)[] = [];
  const clock = new FakeClock();
  for (let i = 0; i < 3; i++) {
    const { replaced } = await restore({ dataDir: dir, kvFile, backup, clock });
    copies.push(replaced!.keptAs);
  }
  assert.equal(new Set(copies).size, 3);
  assert.deepEqual(await Promise.all(copies.map((copy) => items(copy!))), [15, 10, 10]);
});

Deno.test("restore replaces a damaged file, and never takes a damaged backup", async () => {
  await using place = await dataDir();
  const { dir, kvFile, folder } = place;
  const db = await Database.open({ path: kvFile });
  await fill(db, 200);
  const backups = new Backups(folder, kvFile);
  const backup = await backups.create();
  await db.close();

  await Deno.writeTextFile(kvFile, "this was a database");
  const done = await restore({ dataDir: dir, kvFile, backup: backup.path });
  assert.equal(done.replaced!.entries, null);
  assert.equal(await Deno.readTextFile(done.replaced!.keptAs!), "this was a database");
  assert.equal(await items(kvFile), 200);

  const packed = await Deno.readFile(backup.path);
  const flipped = packed.slice();
  flipped[flipped.length >> 1]! ^= 1;
  for (const bytes of [flipped, packed.slice(0, packed.length >> 1), new Uint8Array()]) {
    await Deno.writeFile(backup.path, bytes);
    const check = await backups.verify(backup.name);
    assert.equal(check.ok, false);
    assert.ok(check.problem);
    await assert.rejects(
      restore({ dataDir: dir, kvFile, backup: backup.path }),
      (error: AppError) => error.code === "conflict" && /cannot be restored/.test(error.message),
    );
    await Deno.remove(`${backup.path}.json`).catch(() => {}); // the manifest is not what notices
  }
  assert.equal(await items(kvFile), 200);
  await assert.rejects(backups.verify("pixel-none.sqlite.zst"), /there is no backup/);
});

Deno.test("old backups go by the policy, and a cancelled one leaves nothing", async () => {
  await using place = await dataDir();
  await using db = await Database.open({ path: place.kvFile });
  await fill(db, 1);
  const clock = new FakeClock();
  const policy = { daily: 2, weekly: 0 };
  const backups = new Backups(place.folder, place.kvFile, policy, clock);
  for (let day = 0; day < 3; day++) {
    await backups.create();
    clock.advance(86_400_000);
  }
  const names = (await backups.list()).map((backup) => backup.name);
  assert.deepEqual(names, [
    "pixel-2026-01-03T00-00-00Z.sqlite.zst",
    "pixel-2026-01-02T00-00-00Z.sqlite.zst",
  ]);
  await assert.rejects(backups.create(AbortSignal.abort(new Error("shutting down"))), /shutting/);
  const files = (await Array.fromAsync(Deno.readDir(place.folder), (e) => e.name)).sort();
  assert.deepEqual(files, names.flatMap((name) => [name, `${name}.json`]).sort());
});

Deno.test("the backup before a migration outlives the other backups of its day, for 30 days", async () => {
  await using place = await dataDir();
  await using db = await Database.open({ path: place.kvFile });
  await fill(db, 1);
  const clock = new FakeClock();
  const backups = new Backups(place.folder, place.kvFile, { daily: 2, weekly: 0 }, clock);
  const wayBack = await backups.create(undefined, 2);
  const names = async () => (await backups.list()).map((backup) => backup.name);
  for (let n = 0; n < 3; n++) {
    clock.advance(3_600_000);
    await backups.create();
  }
  assert.equal((await names()).length, 2);
  assert.ok((await names()).includes(wayBack.name));
  assert.ok((await backups.verify(wayBack.name)).ok);
  clock.advance(31 * 86_400_000);
  await backups.create();
  assert.ok(!(await names()).includes(wayBack.name));
});

Deno.test("growth a day is counted from the oldest backup, and free pages are told apart", async () => {
  await using place = await dataDir();
  await using db = await Database.open({ path: place.kvFile });
  await fill(db, 500);
  const clock = new FakeClock();
  const backups = new Backups(place.folder, place.kvFile, { daily: 9, weekly: 0 }, clock);
  const { manifest } = await backups.create();
  assert.equal((await backups.databaseSize()).growthBytesPerDay, null, "too early to tell");
  await fill(db, 5_000, 500);
  clock.advance(2 * 86_400_000);
  const grown = await backups.databaseSize();
  assert.ok(grown.bytes > manifest!.bytes);
  assert.equal(grown.growthBytesPerDay, Math.round((grown.bytes - manifest!.bytes) / 2));
  for (let start = 0; start < 5_000; start += 500) {
    const write = new WriteSet();
    for (let i = start; i < start + 500; i++) write.delete(["item", i]);
    await db.commit(write);
  }
  const emptied = await backups.databaseSize();
  assert.ok(emptied.bytes >= grown.bytes, "the file does not shrink");
  assert.ok(
    emptied.reclaimableBytes > grown.reclaimableBytes + 500_000,
    `${emptied.reclaimableBytes}`,
  );
});

Deno.test("backups work with the permissions that the service has", async () => {
  await using place = await dataDir();
  const printed = await runAsService(
    `import { Backups } from ${moduleUrl("lib/monitoring/backup.ts")};
     const kv = await Deno.openKv(Deno.args[1]);
     await kv.set(["a"], 1);
     const backups = new Backups(Deno.args[0], Deno.args[1]);
     const backup = await backups.create();
     console.log(JSON.stringify(await backups.verify(backup.name)));
     kv.close();`,
    [place.folder, place.kvFile],
  );
  assert.deepEqual(JSON.parse(printed), { ok: true, problem: null, entries: 1 });
});
