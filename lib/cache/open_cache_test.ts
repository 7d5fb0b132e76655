import assert from "node:assert/strict";
import { openCache } from "./open_cache.ts";
import type { CacheOptions } from "./cache_options.ts";

Deno.test("limits that make no sense are refused when the cache is opened", async () => {
  const nonsense: CacheOptions[] = [
    { maxMemoryBytes: 0 },
    { maxMemoryBytes: 1.5 },
    { maxMemoryEntries: -1 },
    { maxEntryBytes: NaN },
    { commandTimeoutMs: 0 },
    { defaultTtlSeconds: -1 },
  ];
  for (const options of nonsense) {
    const [[name, value]] = Object.entries(options) as [[string, number]];
    await assert.rejects(openCache(options), (error: Error) => {
      return error instanceof TypeError &&
        error.message.startsWith(`${name} of the cache must be`) &&
        error.message.endsWith(`not ${value}`);
    });
  }
});
