import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { openCache } from "../../lib/cache/mod.ts";
import { eventually } from "../support/eventually.ts";
import { RedisServer } from "../support/redis.ts";

const path = (name: string) => fileURLToPath(new URL(`../support/${name}`, import.meta.url));
const CERT = path("tls_cert.pem");

/** A Redis that speaks TLS on a second port, and plainly on its own for whoever administers it. */
async function startTls(): Promise<{ server: RedisServer; url: string }> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  // deno-fmt-ignore
  const args = [
    "--tls-port", String(port), "--tls-cert-file", CERT, "--tls-key-file", path("tls_key.pem"),
    "--tls-ca-cert-file", CERT, "--tls-auth-clients", "no",
  ];
  const server = await RedisServer.start({ args, password: "correct horse" });
  return { server, url: `rediss://:correct%20horse@localhost:${port}` };
}

Deno.test({
  name: "cache over TLS: works with the right certificate and password, in both tiers",
  sanitizeOps: true,
  sanitizeResources: true,
  async fn() {
    const { server, url } = await startTls();
    await using _server = server;
    const options = {
      redisUrl: url,
      tlsCa: await Deno.readTextFile(CERT),
      commandTimeoutMs: 2_000,
    };
    await using one = await openCache(options);
    await using two = await openCache(options);
    assert.equal(await one.set("k", { a: 1 }), true);
    assert.deepEqual(await two.get("k"), { a: 1 });
    await one.set("k", { a: 2 });
    await eventually(async () => (await two.get<{ a: number }>("k"))?.a === 2, "sees the change");
    assert.equal((await two.stats()).process.active, true);
  },
});

Deno.test({
  name: "cache over TLS: a wrong certificate is a reason, not an error, and nothing is sent",
  sanitizeOps: true,
  sanitizeResources: true,
  async fn() {
    const { server, url } = await startTls();
    await using _server = server;
    await using cache = await openCache({ redisUrl: url, openWaitMs: 300 });
    assert.equal(await cache.set("k", 1), false);
    assert.equal(await cache.getOrSet("f", () => 42), 42);
    const { connected, redis } = await cache.stats();
    assert.equal(connected, false);
    assert.match(redis!.reason!, /certificate|issuer|self.signed/i);
    assert.ok(!JSON.stringify(redis).includes("horse"));
    assert.deepEqual(await server.call("KEYS", "*"), []);
  },
});

Deno.test({
  name: "cache over TLS: plain talk to a TLS port is a reason as well",
  sanitizeOps: true,
  sanitizeResources: true,
  async fn() {
    const { server, url } = await startTls();
    await using _server = server;
    await using cache = await openCache({
      redisUrl: url.replace("rediss", "redis"),
      openWaitMs: 300,
    });
    assert.equal(await cache.getOrSet("f", () => 42), 42);
    assert.equal(cache.connected, false);
  },
});
