import assert from "node:assert/strict";
import { Webhook } from "standardwebhooks";
import { isPublic, type OutboundPolicy } from "../../lib/notifications/address.ts";
import { DeliveryError } from "../../lib/notifications/delivery_error.ts";
import { postOutbound } from "../../lib/notifications/outbound.ts";
import { sendWebhook, webhookSecret } from "../../lib/notifications/webhook.ts";
import { RunningTime } from "../support/running_time.ts";

type Handler = (request: Request) => Response | Promise<Response>;

/** A receiver on the loopback address. */
function receiver(handler: Handler, tls: { cert?: string; key?: string } = {}) {
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {}, ...tls as { cert: string; key: string } },
    handler,
  );
  const { port } = server.addr as Deno.NetAddr;
  return { port, [Symbol.asyncDispose]: () => server.shutdown() };
}

const trusted: OutboundPolicy = { trusted: true };
const delivery = (expected: Partial<DeliveryError>) => (error: unknown) => {
  assert.ok(error instanceof DeliveryError, String(error));
  for (const [key, value] of Object.entries(expected)) {
    assert.equal(error[key as keyof DeliveryError], value, `${key}: ${error.message}`);
  }
  return true;
};
const post = (url: string, policy: OutboundPolicy, more = {}) =>
  postOutbound({ url, headers: {}, body: "{}", ...more }, policy);

Deno.test("the receiver's own library verifies what is sent", async () => {
  const secret = webhookSecret();
  const seen: unknown[] = [];
  await using hook = receiver(async (request) => {
    const headers = Object.fromEntries(request.headers);
    seen.push(new Webhook(secret).verify(await request.text(), headers));
    assert.equal(headers["webhook-id"], "msg_1");
    assert.equal(headers["host"], `127.0.0.1:${hook.port}`);
    return new Response("thanks – schön", { status: 202 });
  });
  const payload = { type: "alert.raised", text: "grün 🚦" };
  const url = `http://127.0.0.1:${hook.port}/hook?a=b`;
  const response = await sendWebhook({ url, id: "msg_1", payload, secret }, trusted);
  assert.deepEqual(seen, [payload]);
  assert.equal(response.status, 202);
  assert.equal(response.body, "thanks – schön");
  assert.throws(() => new Webhook(webhookSecret()).verify("{}", {}));
});

Deno.test("while a secret changes, receivers with the old and with the new one verify", async () => {
  const [before, now] = [webhookSecret(), webhookSecret()];
  const seen: unknown[] = [];
  await using hook = receiver(async (request) => {
    const headers = Object.fromEntries(request.headers);
    const body = await request.text();
    for (const secret of [before, now]) seen.push(new Webhook(secret).verify(body, headers));
    assert.throws(() => new Webhook(webhookSecret()).verify(body, headers));
    return new Response();
  });
  const url = `http://127.0.0.1:${hook.port}/`;
  await sendWebhook({ url, id: "m", payload: { n: 1 }, secret: `${now}, ${before}` }, trusted);
  assert.deepEqual(seen, [{ n: 1 }, { n: 1 }]);
});

Deno.test("what may pass is retryable, with the wait that was asked for; the rest is permanent", async () => {
  let answer = new Response();
  await using hook = receiver(() => answer);
  const url = `http://127.0.0.1:${hook.port}/secret-path`;
  const send = () => sendWebhook({ url, id: "m", payload: {}, secret: webhookSecret() }, trusted);
  const rows: [number, Record<string, string>, Partial<DeliveryError>][] = [
    [429, { "retry-after": "120" }, { retryable: true, retryAfterMs: 120_000 }],
    [503, {}, { retryable: true, retryAfterMs: undefined }],
    [500, { "retry-after": "soon" }, { retryable: true, retryAfterMs: undefined }],
    [408, { "retry-after": "99999999" }, { retryable: true, retryAfterMs: 86_400_000 }],
    [400, {}, { permanent: true, retryable: false }],
    [410, {}, { permanent: true }],
    [302, { location: "/elsewhere" }, { permanent: true }],
  ];
  for (const [statusCode, headers, expected] of rows) {
    answer = new Response(null, { status: statusCode, headers });
    await assert.rejects(send(), delivery({ statusCode, ...expected }));
  }
  answer = new Response(null, {
    status: 503,
    headers: { "retry-after": new Date(Date.now() + 60_000).toUTCString() },
  });
  await assert.rejects(send(), (error: DeliveryError) => {
    assert.ok(error.retryAfterMs! > 0 && error.retryAfterMs! <= 60_000);
    assert.doesNotMatch(error.message, /secret-path/);
    return true;
  });
});

Deno.test("a receiver that is silent, gone or endless costs a bounded time and memory", async () => {
  const release = Promise.withResolvers<void>();
  await using hook = receiver(async (request) => {
    if (new URL(request.url).pathname === "/silent") await release.promise;
    const chunk = new Uint8Array(10_000).fill(120);
    const endless = new ReadableStream({ pull: (c) => c.enqueue(chunk) });
    return new Response(endless);
  });
  const at = `http://127.0.0.1:${hook.port}`;
  using running = new RunningTime();
  const late = () => post(`${at}/silent`, trusted, { timeoutMs: 100 });
  const { ms } = await running.of(() => assert.rejects(late, delivery({ retryable: true })));
  assert.ok(ms < 2_000);
  const stop = AbortSignal.abort(new Error("shutting down"));
  await assert.rejects(post(`${at}/silent`, trusted, { signal: stop }), /shutting down/);
  release.resolve();

  const long = await post(`${at}/endless`, trusted, { maxResponseBytes: 25_000 });
  assert.equal(long.body.length, 25_000);
  assert.equal(long.truncated, true);

  const free = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = free.addr as Deno.NetAddr;
  free.close();
  await assert.rejects(post(`http://127.0.0.1:${port}/`, trusted), delivery({ retryable: true }));
});

Deno.test("addresses from the API reach no inner network, however they are written", async () => {
  let calls = 0;
  await using hook = receiver(() => {
    calls++;
    return new Response();
  });
  const hosts = [
    "127.0.0.1",
    "localhost",
    "2130706433",
    "0x7f.1",
    "0.0.0.0",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "224.0.0.1",
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[fe80::1]",
    "[fd00::1]",
    "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]",
  ];
  for (const host of hosts) {
    await assert.rejects(
      post(`http://${host}:${hook.port}/`, {}),
      delivery({ permanent: true }),
      host,
    );
  }
  for (
    const url of [
      "ftp://example.org/",
      "file:///etc/passwd",
      "nonsense",
      "https://user:pass@example.org/",
    ]
  ) await assert.rejects(post(url, {}), delivery({ permanent: true }), url);
  assert.equal(calls, 0);
  assert.deepEqual(["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8"].map(isPublic), [
    true,
    true,
    true,
  ]);
});

Deno.test("one inner address among a name's refuses the name; what was checked is what is called", async () => {
  let calls = 0;
  await using hook = receiver((request) => {
    calls++;
    return new Response(request.headers.get("host"));
  });
  const url = `http://hooks.example.test:${hook.port}/`;
  const publicOne = { address: "203.0.114.9", family: 4 as const };
  const loopback = { address: "127.0.0.1", family: 4 as const };
  const mixed = () => Promise.resolve([publicOne, loopback]);
  await assert.rejects(post(url, { resolve: mixed }), delivery({ permanent: true }));
  assert.equal(calls, 0);

  let lookups = 0;
  const resolve = () => Promise.resolve(++lookups === 1 ? [loopback] : [publicOne]);
  const allowed = { resolve, allowHosts: [`hooks.example.test:${hook.port}`] };
  assert.equal((await post(url, allowed)).body, `hooks.example.test:${hook.port}`);
  assert.equal(lookups, 1);
  const otherPort = {
    resolve: () => Promise.resolve([loopback]),
    allowHosts: ["hooks.example.test:1"],
  };
  await assert.rejects(post(url, otherPort), delivery({ permanent: true }));

  const unknown = () => Promise.reject(new Error("NXDOMAIN"));
  await assert.rejects(post(url, { resolve: unknown }), delivery({ retryable: true }));
  const hung = () => new Promise<never>(() => {});
  await assert.rejects(
    post(url, { resolve: hung }, { timeoutMs: 50 }),
    delivery({ retryable: true }),
  );
});

Deno.test("redirects are checked like first addresses, keep the body, and end", async () => {
  let target = "";
  const bodies: string[] = [];
  await using hook = receiver(async (request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/loop") {
      return new Response(null, { status: 308, headers: { location: "/loop" } });
    }
    if (pathname === "/go") {
      return new Response(null, { status: 307, headers: { location: target } });
    }
    bodies.push(`${request.method} ${await request.text()}`);
    return new Response("arrived");
  });
  const name = `hooks.example.test:${hook.port}`;
  const policy: OutboundPolicy = {
    resolve: () => Promise.resolve([{ address: "127.0.0.1", family: 4 }]),
    allowHosts: [name],
  };
  target = "/final";
  assert.equal((await post(`http://${name}/go`, policy)).body, "arrived");
  assert.deepEqual(bodies, ["POST {}"]);
  target = `http://127.0.0.1:${hook.port}/final`;
  await assert.rejects(post(`http://${name}/go`, policy), delivery({ permanent: true }));
  target = "file:///etc/passwd";
  await assert.rejects(post(`http://${name}/go`, policy), delivery({ permanent: true }));
  await assert.rejects(post(`http://${name}/loop`, policy), /redirects too often/);
  assert.equal(bodies.length, 1);
});

Deno.test("TLS checks the certificate against the name, not against the address", async () => {
  const read = (name: string) => Deno.readTextFile(new URL(`../support/${name}`, import.meta.url));
  const cert = await read("tls_cert.pem");
  await using hook = receiver((request) => new Response(request.headers.get("host")), {
    cert,
    key: await read("tls_key.pem"),
  });
  const resolve = () => Promise.resolve([{ address: "127.0.0.1", family: 4 as const }]);
  const policy = { trusted: true, resolve, ca: cert };
  const name = `hooks.example.test:${hook.port}`;
  assert.equal((await post(`https://${name}/`, policy)).body, name);
  await assert.rejects(
    post(`https://other.example.test:${hook.port}/`, policy),
    delivery({ retryable: true }),
  );
  await assert.rejects(
    post(`https://${name}/`, { trusted: true, resolve }),
    delivery({ retryable: true }),
  );
});
