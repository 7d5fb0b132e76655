import assert from "node:assert/strict";
import { join } from "node:path";
import { FakeClock } from "../../lib/clock.ts";
import { Database } from "../../lib/kv/database.ts";
import { WriteSet } from "../../lib/kv/write_set.ts";
import { Backups } from "../../lib/monitoring/backup.ts";
import { manifestOf } from "../../lib/monitoring/backup_name.ts";
import { Bucket } from "../../lib/monitoring/bucket.ts";
import { BucketError } from "../../lib/monitoring/bucket_answers.ts";
import { OffsiteBackups } from "../../lib/monitoring/offsite_backups.ts";
import { runCommand } from "../support/cli.ts";
import { BOT } from "../support/contract.ts";
import { startBucket } from "../support/s3.ts";
import { freePort } from "../support/ports.ts";
import { TestService } from "../support/service.ts";

const DAY_MS = 86_400_000;

/** A database that can be backed up, and a bucket. */
async function places(policy = { daily: 7, weekly: 4 }) {
  await using stack = new AsyncDisposableStack();
  const server = stack.use(await startBucket());
  const dir = await Deno.makeTempDir();
  stack.defer(() => Deno.remove(dir, { recursive: true }));
  const db = stack.use(await Database.open({ path: join(dir, "pixel.sqlite") }));
  await db.commit(new WriteSet().set(["item"], "kept"));
  const clock = new FakeClock();
  const backups = new Backups(join(dir, "backups"), join(dir, "pixel.sqlite"), policy, clock);
  const offsite = new OffsiteBackups(new Bucket(server.config), policy, clock);
  const rest = stack.move();
  return {
    ...{ server, dir, clock, backups, offsite },
    [Symbol.asyncDispose]: () => rest.disposeAsync(),
  };
}

Deno.test("backups are uploaded once, pruned by the policy, and fetched back as they were", async () => {
  await using place = await places({ daily: 2, weekly: 0 });
  const { backups, offsite, clock } = place;
  const first = await backups.create();
  assert.deepEqual((await offsite.sync(await backups.list())).uploaded, [first.name]);
  assert.deepEqual((await offsite.sync(await backups.list())).uploaded, []);

  // One upload is missed; the next makes up for it.
  clock.advance(DAY_MS);
  const second = await backups.create();
  clock.advance(DAY_MS);
  const third = await backups.create();
  const done = await offsite.sync(await backups.list());
  assert.deepEqual(done.uploaded, [third.name, second.name]);
  assert.deepEqual(done.deleted, [first.name]);
  assert.equal(done.bytes, third.compressedBytes + second.compressedBytes);
  const there = await offsite.list();
  assert.deepEqual(there.map(({ name }) => name), [third.name, second.name]);
  const names = (await offsite.bucket.list()).map(({ name }) => name);
  assert.deepEqual(
    names.toSorted(),
    [third, second].flatMap(({ name }) => [name, manifestOf(name)]).toSorted(),
  );

  const folder = join(place.dir, "elsewhere");
  const path = await offsite.fetch(third.name, folder);
  assert.deepEqual(await Deno.readFile(path), await Deno.readFile(third.path));
  const fetched = new Backups(folder, "");
  assert.deepEqual(await fetched.verify(third.name), {
    ok: true,
    problem: null,
    entries: third.manifest!.entries,
  });
  await assert.rejects(offsite.fetch(first.name, folder), /there is no backup/);
});

Deno.test("a file goes in parts, and what was damaged there replaces no file here", async () => {
  await using place = await places();
  const bytes = crypto.getRandomValues(new Uint8Array(60_000));
  const bucket = new Bucket(place.server.config, 25_000);
  const file = join(place.dir, "large");
  await Deno.writeFile(file, bytes);
  const arrived: number[] = [];
  await bucket.putFile("large", file, { progress: (sum) => arrived.push(sum) });
  assert.deepEqual(arrived, [25_000, 50_000, 60_000]);
  const read = await new Response(ReadableStream.from(bucket.read("large"))).bytes();
  assert.deepEqual(read, bytes);

  const { backups, offsite } = place;
  const { name, path } = await backups.create();
  await offsite.sync(await backups.list());
  const good = await Deno.readFile(path);
  const damaged = good.slice();
  damaged[damaged.length >> 1]! ^= 1;
  await Deno.writeFile(file, damaged);
  await offsite.bucket.putFile(name, file);
  await assert.rejects(offsite.fetch(name, backups.folder), /is damaged/);
  assert.deepEqual(await Deno.readFile(path), good);
  const left = await Array.fromAsync(Deno.readDir(backups.folder), (entry) => entry.name);
  assert.deepEqual(left.toSorted(), [name, manifestOf(name)]);
});

Deno.test("what the storage refuses is permanent, what cannot be reached is not, and neither tells the key", async () => {
  await using place = await places();
  const { config } = place.server;
  const failure = async (change: Partial<typeof config>): Promise<BucketError> => {
    const error = await new Bucket({ ...config, ...change }).putText("a", "b").catch((e) => e);
    assert.ok(error instanceof BucketError, String(error));
    assert.doesNotMatch(`${error.message} ${error.cause}`, /S3RVER|the-wrong|Signature=/);
    return error;
  };
  const refused = await failure({ secret: "the-wrong-secret" });
  assert.equal(refused.permanent, true);
  assert.match(refused.message, /answered 403 \(SignatureDoesNotMatch\)/);
  assert.equal((await failure({ bucket: "nobodys" })).code, "NoSuchBucket");
  const away = await failure({ endpoint: `http://127.0.0.1:${freePort()}` });
  assert.equal(away.permanent, false);
  assert.match(away.message, /cannot be reached/);
});

Deno.test("a failed upload is told and loses nothing; made up for, the bucket outlives the disk", async () => {
  await using server = await startBucket();
  await using service = await TestService.start({
    env: { ...server.env, BACKUP_S3_SECRET: "not-the-secret" },
  });
  const connected = () => ({ PIXEL_URL: service.url, PIXEL_TOKEN: service.token });
  const pixel = (args: string[], env: Record<string, string>) => runCommand(args, { env });
  await service.request("PUT", "/bots/bakery", BOT);
  const ended = async () => {
    const path = "/tasks?name=upload_backups&limit=1";
    type Page = { tasks: { status: string; error?: { message: string } }[] };
    for (;;) {
      const [task] = (await service.request<Page>("GET", path)).body.tasks;
      if (task && !/queued|running|retrying/.test(task.status)) return task;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  const made = await pixel(["backup"], connected());
  assert.match(made.out, /is made and checked\nits upload goes on as a task/, made.err);
  const failed = await ended();
  assert.equal(failed.status, "failed");
  assert.match(failed.error!.message, /SignatureDoesNotMatch/);
  const listed = await pixel(["backup", "list"], connected());
  assert.equal(listed.exitCode, 1);
  assert.match(listed.out, /\.sqlite\.zst +[\d.]+ [KM]B +disk\n/);
  assert.match(listed.out, /The last upload failed: .*SignatureDoesNotMatch/);
  assert.match(listed.out, /It cannot be listed: /);

  await service.stop();
  await service.restart(server.env);
  assert.equal((await pixel(["backup"], connected())).exitCode, 0);
  while ((await ended()).status !== "completed") await new Promise((done) => setTimeout(done, 50));
  const both = await pixel(["backup", "list"], connected());
  assert.equal(both.exitCode, 0, both.out);
  assert.match(both.out, /disk, bucket\nThe bucket is .*backups\/services\/pixel, complete at/);
  const metrics = await fetch(`${service.url}/metrics`, {
    headers: { authorization: `Bearer ${service.token}` },
  });
  assert.match(await metrics.text(), /^pixel_backup_uploaded_timestamp_seconds \d{10}/m);

  // The machine is lost; another has the variables alone.
  await service.kill();
  await Deno.remove(service.dataDir, { recursive: true });
  const env = { ...server.env, DATA_DIR: service.dataDir };
  const there = await pixel(["backup", "list", "--from", "s3", "--json"], env);
  assert.ok(JSON.parse(there.out).backups.length >= 1, there.err);
  const plan = await pixel(["restore", "latest", "--from", "s3", "--verify"], env);
  assert.match(plan.out, /was fetched to .*\n.* is sound .*\nNothing else was changed/, plan.err);
  const restored = await pixel(["restore", "latest", "--from", "s3", "--yes"], env);
  assert.equal(restored.exitCode, 0, restored.err);
  await service.restart();
  assert.equal((await service.request("GET", "/bots/bakery")).status, 200);
  const without = await pixel(["restore", "latest", "--from", "s3"], { DATA_DIR: service.dataDir });
  assert.notEqual(without.exitCode, 0);
});
