import assert from "node:assert/strict";
import { FrontTier } from "./front_tier.ts";
import { NamespaceTable } from "./namespace_counts.ts";

const NOW = 1_000;

function open(maxEntries: number): FrontTier {
  const namespaces = new NamespaceTable();
  const front = new FrontTier({ maxBytes: 1_048_576, maxEntries, ttlMs: 60_000, namespaces });
  front.open = true;
  return front;
}

function keep(front: FrontTier, key: string): void {
  front.redeem(front.take(key), {
    codec: "j",
    value: key,
    body: new Uint8Array(0),
    rawBytes: 10,
    createdAt: NOW,
    freshUntil: NOW + 1_000,
    expiresAt: NOW + 1_000,
    costMs: 0,
    tags: ["all"],
  }, NOW);
}

Deno.test("front tier: keeps no more copies than it may, and the youngest", () => {
  const front = open(3);
  for (const key of ["a", "b", "c", "d", "e"]) keep(front, key);
  assert.deepEqual(front.counts(), { entries: 3, bytes: front.counts().bytes, evictions: 2 });
  assert.equal(front.get("b", NOW), undefined);
  assert.equal(front.get("c", NOW)?.value, "c");
  front.dropTagged("all");
  assert.deepEqual(front.counts(), { entries: 0, bytes: 0, evictions: 2 });
});

Deno.test("front tier: takes no room for copies that it has not got", () => {
  const front = open(Number.MAX_SAFE_INTEGER);
  keep(front, "a");
  front.clear();
  assert.equal(front.get("a", NOW), undefined);
  keep(front, "b");
  assert.equal(front.get("b", NOW)?.value, "b");
});
