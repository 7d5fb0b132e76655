/** The cache alone, in a program of your own: `deno run -A cache.ts [redis://…]`. */
import { CacheKeyBuilder, openCache } from "@pixel/performance/cache";

await using cache = await openCache({ redisUrl: Deno.args[0], prefix: "example" });

let asked = 0;

/** What is worth keeping: slow, and the same for everybody. */
async function fetchPrice(article: number): Promise<{ article: number; cents: number }> {
  asked++;
  await new Promise((resolve) => setTimeout(resolve, 20));
  return { article, cents: article * 100 - 1 };
}

const price = (article: number) =>
  cache.getOrSet(CacheKeyBuilder.in("price").with(article).build(), () => fetchPrice(article), {
    ttlSeconds: 60,
    graceSeconds: 3_600,
    tags: [`article:${article}`],
  });

const prices = await Promise.all([1, 2, 3, 1, 2, 3].map(price));
await cache.invalidateTag("article:2");
prices.push(await price(2), await price(1));

const { hits, misses } = cache.lookups();
console.log(JSON.stringify({ cents: prices.map(({ cents }) => cents), asked, hits, misses }));
