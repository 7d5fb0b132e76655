import assert from "node:assert/strict";
import { systemClock } from "../../lib/clock.ts";
import { EventRing } from "../../lib/jobs/event_ring.ts";
import { EventHub } from "../../lib/jobs/events.ts";
import { Database } from "../../lib/kv/database.ts";
import { createLogger } from "../../lib/log.ts";
import type { FeedEvent } from "../deps.ts";
import { eventBytes, EventFeed, type NumberedEvent } from "./event_feed.ts";

const sanitize = { sanitizeOps: true, sanitizeResources: true };

async function openFeed(db: Database) {
  const hub = new EventHub(assert.ifError);
  const lines: string[] = [];
  const log = createLogger({
    level: "warn",
    format: "json",
    write: (line) => void lines.push(line),
  });
  const opened = await EventRing.open<FeedEvent>(db, { now: () => systemClock.now() });
  const feed = new EventFeed({ hub, clock: systemClock, log, ...opened });
  return { hub, feed, lines };
}

Deno.test("a closed feed takes nothing any more, and no timer stays behind", sanitize, async () => {
  await using db = await Database.open({ path: ":memory:" });
  const { hub, feed, lines } = await openFeed(db);
  const told: NumberedEvent[] = [];
  feed.subscribe((events) => told.push(...events));
  feed.publish("health", { status: "healthy" });
  await feed.close();
  const before = told.map(({ name }) => name);
  assert.ok(before.includes("health"), `${before}`);
  // An alert that was being judged when the service was told to stop ends after the feed.
  feed.publish("alert", { name: "disk" });
  hub.emit({ type: "queue.paused", queue: "default", at: 1 });
  assert.deepEqual(told.map(({ name }) => name), before);
  assert.deepEqual(lines, []);
});

Deno.test("all who listen are told the same bytes, written once", sanitize, async () => {
  await using db = await Database.open({ path: ":memory:" });
  const { feed } = await openFeed(db);
  const told: Uint8Array[] = [];
  for (let n = 0; n < 3; n++) feed.subscribe((events) => told.push(eventBytes(events)));
  feed.publish("health", { status: "healthy" });
  await feed.close();
  assert.equal(told.length, 3);
  assert.ok(told[0] === told[1] && told[1] === told[2]);
  assert.match(
    new TextDecoder().decode(told[0]),
    /id: \d+\nevent: health\ndata: \{"status":"healthy"\}\n\n$/,
  );
});
