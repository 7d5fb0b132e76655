import assert from "node:assert/strict";
import { loadConfig } from "../../lib/config/config.ts";
import { clientAddress, isSecure } from "./visit.ts";

const info = { remoteAddr: { transport: "tcp", hostname: "10.0.0.9", port: 1 } } as const;
const asked = (headers: Record<string, string>) =>
  new Request("http://pixel.example/", { headers });

Deno.test("an address is what the outermost trusted proxy saw, without a port", () => {
  const seen = (hops: string, proxies: number) =>
    clientAddress(asked({ "x-forwarded-for": hops }), info, proxies);
  assert.equal(seen("192.0.2.1", 0), "10.0.0.9");
  assert.equal(seen("6.6.6.6, 192.0.2.1", 1), "192.0.2.1");
  assert.equal(seen("6.6.6.6, 192.0.2.1, 10.0.0.1", 2), "192.0.2.1");
  assert.equal(seen("192.0.2.1", 2), "10.0.0.9", "a header that some proxy did not add to");
  assert.equal(seen("192.0.2.1:40001", 1), "192.0.2.1");
  assert.equal(seen("2001:db8::1", 1), "2001:db8::1");
  assert.equal(seen("[2001:db8::1]:40001", 1), "2001:db8::1");
  assert.equal(seen("[2001:db8::1]", 1), "2001:db8::1");
  assert.equal(seen(" ", 1), "10.0.0.9");
});

Deno.test("TLS is what the outermost trusted proxy spoke", () => {
  const secure = (proto: string, proxies: number, publicUrl = "http://pixel.example") =>
    isSecure(
      asked({ "x-forwarded-proto": proto }),
      loadConfig({ TRUST_PROXY: String(proxies), PUBLIC_URL: publicUrl }),
    );
  assert.equal(secure("https", 0), false);
  assert.equal(secure("http", 0, "https://pixel.example"), true);
  assert.equal(secure("https", 1), true);
  assert.equal(secure("https, http", 1), false, "what a visitor says counts for nothing");
  assert.equal(secure("https, http", 2), true, "the inner proxy is spoken to without TLS");
  assert.equal(secure("http, https, http", 2), true);
  assert.equal(secure("https", 2), true, "an inner proxy that hands it on");
  assert.equal(secure("HTTPS", 1), true);
  assert.equal(secure("", 1, "https://pixel.example"), true);
});
