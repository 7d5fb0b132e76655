/**
 * A process of its own that asks a cold key with many callers at once. Prints `computing` when its
 * factory starts, and at the end one line of JSON with the answers.
 *
 *     cache_process.ts <redis url> <key> <callers> <factory ms>
 */
import { openCache } from "../../lib/cache/mod.ts";

const [redisUrl, key, callers, factoryMs] = Deno.args as [string, string, string, string];
const cache = await openCache({ redisUrl, commandTimeoutMs: 60_000 });
console.log("open");
// Begins when it is told to, so that all processes begin together.
await Deno.stdin.read(new Uint8Array(1));
const answers = await Promise.all(
  Array.from({ length: Number(callers) }, () =>
    cache.getOrSet(key, async () => {
      console.log("computing");
      await new Promise((resolve) => setTimeout(resolve, Number(factoryMs)));
      return `by ${Deno.pid}`;
    })),
);
console.log(JSON.stringify({ answers: [...new Set(answers)] }));
await cache.close();
