import assert from "node:assert/strict";
import { connect } from "node:net";
import { CookieBrowser } from "../support/oidc.ts";
import { TestService } from "../support/service.ts";

const ELSEWHERE = [
  "//evil.example",
  "/..//evil.example",
  "/.//evil.example/x",
  "/a/%2e%2e//evil.example",
  "/\\evil.example",
  "/\t/evil.example",
  "https://evil.example/",
  "https:evil.example",
  "javascript:alert(1)",
  "data:text/html,x",
  "/x\r\nLocation: https://evil.example/",
  "/\r\nSet-Cookie: a=b",
];
/** With which other programs say, or are told, what was asked for. */
const FORWARDED = {
  "x-forwarded-host": "evil.example",
  "x-forwarded-proto": "https",
  "x-forwarded-prefix": "/evil.example",
  "x-forwarded-scheme": "https",
  "x-host": "evil.example",
  "x-original-url": "/settings",
  "x-rewrite-url": "/settings",
  "x-http-method-override": "DELETE",
  "forwarded": "host=evil.example;proto=https",
};
/** The same for everybody, so anybody may keep it. */
const DOCUMENT = "/api/performance/openapi.json";
const PAGES = ["/", "/tasks", "/analytics", "/cache", "/health", "/bots", "/conversations"];

/** Where an answer sends its reader, checked to be a place of ours. */
function sentTo(service: TestService, response: Response, what: string): string {
  const location = response.headers.get("location");
  assert.ok(location !== null, `${what}: ${response.status}`);
  assert.equal(new URL(location, service.url).origin, service.url, `${what}: ${location}`);
  return location;
}

async function signedIn(service: TestService): Promise<CookieBrowser> {
  const browser = new CookieBrowser();
  const form = { token: service.token, next: "/" };
  const response = await browser.open(`${service.url}/sign-in`, form);
  await response.body?.cancel();
  assert.equal(sentTo(service, response, "signing in"), "/");
  return browser;
}

const nonceOf = (policy: string) => /'nonce-([\w+/=]{20,})'/.exec(policy)?.[1];

async function cookieOf(service: TestService): Promise<string> {
  const { cookies } = await signedIn(service);
  const kept = cookies.get(new URL(service.url).host)!;
  return [...kept].map(([name, value]) => `${name}=${value}`).join("; ");
}

/** A request in bytes, for paths that a client would tidy up; the answer's head and body. */
function raw(service: TestService, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(service.port, "127.0.0.1");
    let text = "";
    socket.on("data", (chunk) => text += chunk);
    socket.on("error", reject);
    socket.on("close", () => resolve(text));
    socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
  });
}

Deno.test("no address, form or header sends a visitor to another site or splits an answer", async () => {
  await using service = await TestService.start();
  const browser = await signedIn(service);
  const stranger = new CookieBrowser();
  for (const next of ELSEWHERE) {
    const query = `next=${encodeURIComponent(next)}`;
    const asked = [
      await browser.open(`${service.url}/sign-in?${query}`),
      await new CookieBrowser().open(`${service.url}/sign-in`, { token: service.token, next }),
    ];
    for (const response of asked) {
      assert.equal(sentTo(service, response, next).startsWith("//"), false, next);
      for (const cookie of response.headers.getSetCookie()) assert.match(cookie, /^pixel_session=/);
      await response.body?.cancel();
    }
    const value = encodeURIComponent(next);
    for (const path of [`/tasks?filter=${value}`, `/conversations?id=${value}`]) {
      const response = await browser.open(service.url + path);
      assert.match(sentTo(service, response, path), /^\/(tasks|conversations)\b/);
      await response.body?.cancel();
    }
    const turnedAway = await stranger.open(`${service.url}/tasks?${query}`);
    assert.match(sentTo(service, turnedAway, next), /^\/sign-in\?next=%2Ftasks/);
    await turnedAway.body?.cancel();
  }
  for (const path of ["//evil.example", "//evil.example/%2e%2e", "/%5Cevil.example", "/\\evil"]) {
    const answer = await raw(service, path);
    const location = /^location: (.*)\r$/im.exec(answer)?.[1];
    if (location) assert.match(location, /^\/sign-in/, path);
    assert.doesNotMatch(answer, /<a [^>]*href="(\/\/|https?:)[^"]*evil/);
  }
});

Deno.test("what a proxy could have added changes no answer, so none of it lands in a cache", async () => {
  await using service = await TestService.start();
  const cookie = await cookieOf(service);
  const open = ["/sign-in", "/docs", "/docs/runbook", DOCUMENT];
  for (const path of [...open, ...PAGES]) {
    const headers = { ...FORWARDED, ...(open.includes(path) ? {} : { cookie }) };
    const response = await fetch(service.url + path, { headers, redirect: "manual" });
    const text = await response.text();
    assert.equal(response.status, 200, path);
    assert.ok(!text.includes("evil.example"), path);
    assert.ok(!JSON.stringify([...response.headers]).includes("evil.example"), path);
    // Nobody may give it to others without asking us again.
    const kept = response.headers.get("cache-control") ?? "";
    if (path !== DOCUMENT) assert.match(kept, /no-store|no-cache/, `${path}: ${kept}`);
    // Only over TLS that is really there.
    assert.equal(response.headers.get("strict-transport-security"), null);
  }
  const page = await (await fetch(`${service.url}/sign-in`)).text();
  const asset = /\/assets\/[^"]+\.css/.exec(page)![0];
  const plain = await fetch(service.url + asset);
  const forwarded = await fetch(service.url + asset, { headers: { ...FORWARDED, cookie } });
  assert.match(plain.headers.get("cache-control")!, /public.*immutable/);
  assert.equal(await plain.text(), await forwarded.text());
  assert.equal(forwarded.headers.get("set-cookie"), null);
  // A page under an asset's name is no asset: nobody keeps it for others.
  for (const path of ["/settings/x.css", "/tasks/a.js", "/assets/..%2fsettings", "/;/x.css"]) {
    const response = await fetch(service.url + path, { headers: { cookie } });
    await response.body?.cancel();
    const kept = response.headers.get("cache-control") ?? "";
    assert.doesNotMatch(kept, /public|max-age=[1-9]/, path);
  }
});

Deno.test("no path leads out of what is served, however it is written", async () => {
  await using service = await TestService.start();
  const marked = `marked-${crypto.randomUUID()}`;
  await Deno.writeTextFile(`${service.dataDir}/admin-token`, marked);
  const steps = ["..", "%2e%2e", "..%2f..", "%2e%2e%2f%2e%2e", "..%5c..", "....//", "%252e%252e"];
  const goals = ["etc/passwd", "deno.json", "main.ts", service.dataDir.slice(1) + "/admin-token"];
  const token = { authorization: `Bearer ${service.token}` };
  for (const step of steps) {
    for (const goal of goals) {
      for (const base of ["", "/assets", "/docs", "/api/performance/cache/key"]) {
        const path = `${base}/${`${step}/`.repeat(8)}${goal}`;
        const answers = [
          await raw(service, path),
          await (await fetch(service.url + path, { headers: token, redirect: "manual" })).text(),
        ];
        for (const answer of answers) {
          assert.ok(!answer.includes(marked), path);
          assert.doesNotMatch(answer, /root:.*:0:0:|"nodeModulesDir"|startService/, path);
        }
      }
    }
  }
});

Deno.test("every page says what a browser may do with it, and behind TLS to stay there", async () => {
  await using service = await TestService.start({ env: { TRUST_PROXY: "1" } });
  const cookie = await cookieOf(service);
  const behindTls = { "x-forwarded-proto": "https", "x-forwarded-for": "192.0.2.1" };
  for (const path of ["/sign-in", "/docs", "/docs/runbook", ...PAGES]) {
    const response = await fetch(service.url + path, { headers: { cookie }, redirect: "manual" });
    const text = await response.text();
    const header = (name: string) => response.headers.get(name) ?? "";
    const policy = header("content-security-policy");
    assert.match(policy, /default-src 'none'/, path);
    assert.match(policy, /frame-ancestors 'none'/, path);
    assert.match(policy, /base-uri 'none'/, path);
    assert.doesNotMatch(policy, /unsafe|\*|http:|https:/, path);
    const nonce = nonceOf(policy);
    for (const [tag] of text.matchAll(/<(script|style)\b(?![^>]*\bsrc=)[^>]*>/g)) {
      assert.ok(tag.includes(`nonce="${nonce}"`) || tag.includes("application/json"), tag);
    }
    assert.doesNotMatch(text, /<[a-z][^>]*\son\w+=|javascript:/i, path);
    assert.equal(header("x-frame-options"), "DENY", path);
    assert.match(header("referrer-policy"), /^(same-origin|no-referrer)$/, path);
    assert.equal(header("x-content-type-options"), "nosniff", path);
    assert.equal(header("cross-origin-opener-policy"), "same-origin", path);
    assert.equal(header("strict-transport-security"), "", path);
    const tls = await fetch(service.url + path, { headers: behindTls, redirect: "manual" });
    await tls.body?.cancel();
    assert.match(tls.headers.get("strict-transport-security")!, /^max-age=31536000/, path);
    // A nonce is for one answer.
    if (nonce) assert.notEqual(nonceOf(tls.headers.get("content-security-policy")!), nonce, path);
  }
});

Deno.test("forms come from our own pages, by the address that people use, too", async () => {
  const publicUrl = "http://pixel.example";
  await using service = await TestService.start({ env: { PUBLIC_URL: publicUrl } });
  const signIn = async (origin: string, more: Record<string, string> = {}) => {
    const response = await fetch(`${service.url}/sign-in`, {
      method: "POST",
      redirect: "manual",
      headers: { origin, ...more },
      body: new URLSearchParams({ token: service.token }),
    });
    await response.body?.cancel();
    return response.status;
  };
  assert.equal(await signIn(service.url), 303);
  // A proxy that asks us by another name, and a browser without Sec-Fetch-Site.
  assert.equal(await signIn(publicUrl), 303);
  for (const origin of ["null", "http://evil.example", `${publicUrl}.evil.example`]) {
    const forwarded = { "x-forwarded-host": URL.parse(origin)?.host ?? "null" };
    assert.equal(await signIn(origin, forwarded), 403, origin);
  }
});
