import assert from "node:assert/strict";
import { OUTAGE_KINDS, outageKind } from "./outage_kind.ts";

Deno.test("outage kind: what Redis and its client say falls into a few kinds", () => {
  const said: [string, string][] = [
    ["not connected yet", "starting"],
    ["Redis timed out after 100 ms", "timeout"],
    ["connect ETIMEDOUT", "timeout"],
    ["connect ECONNREFUSED 127.0.0.1:6379", "connection"],
    ["read ECONNRESET", "connection"],
    ["Connection is closed.", "connection"],
    ["Stream isn't writeable and enableOfflineQueue options is false", "connection"],
    ["getaddrinfo ENOTFOUND redis.invalid", "connection"],
    ["WRONGPASS invalid username-password pair or user is disabled.", "authentication"],
    ["NOAUTH Authentication required.", "authentication"],
    ["invalid peer certificate: UnknownIssuer", "tls"],
    ["OOM command not allowed when used memory > 'maxmemory'.", "full"],
    ["READONLY You can't write against a read only replica.", "readonly"],
    ["LOADING Redis is loading the dataset in memory", "loading"],
    ["something could not be deleted", "unsent"],
    ["a thing nobody has seen before", "other"],
  ];
  for (const [reason, kind] of said) assert.equal(outageKind(reason), kind, reason);
  assert.equal(outageKind(null), null);
  assert.deepEqual([...new Set(said.map(([, kind]) => kind))].sort(), [...OUTAGE_KINDS].sort());
});
