import assert from "node:assert/strict";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { Authenticator } from "../../lib/auth/authenticator.ts";
import { systemClock } from "../../lib/clock.ts";
import { Database } from "../../lib/kv/database.ts";
import { silentLogger } from "../../lib/log.ts";

const ADMIN = "an-admin-token-of-these-tests";
const PROGRAM = fileURLToPath(new URL("../support/auth_process.ts", import.meta.url));
const DRAFT = { name: "t", role: "operator", content: false, expiresAt: null } as const;

/** This process and another one, each with its own memory, over one database. */
async function withTwo(
  run: (here: Authenticator, there: (line: string) => Promise<string>) => Promise<void>,
): Promise<void> {
  const dir = await Deno.makeTempDir({ prefix: "pixel-auth-" });
  const path = dir + "/kv";
  const db = await Database.open({ path, shared: true });
  const here = await Authenticator.open({
    db,
    clock: systemClock,
    log: silentLogger,
    dataDir: "unused",
    adminToken: ADMIN,
    jwt: undefined,
    sessionIdleMs: 3_600_000,
    sessionMaxMs: 86_400_000,
  });
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-check", "--allow-all", PROGRAM, path, ADMIN],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const writer = child.stdin.getWriter();
  const input = Readable.fromWeb(child.stdout as never);
  const lines = createInterface({ input })[Symbol.asyncIterator]();
  try {
    assert.equal((await lines.next()).value, "ready");
    await run(here, async (line) => {
      await writer.write(new TextEncoder().encode(line + "\n"));
      return String((await lines.next()).value);
    });
  } finally {
    await writer.close();
    await child.status;
    input.destroy();
    await here.audit.close();
    await db.close();
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("a token that is revoked or rotated here holds nowhere else a second later", () =>
  withTwo(async (here, there) => {
    const first = await here.tokens.create(DRAFT, "admin");
    const { secret, token } = first;
    assert.equal(await there(`token ${secret}`), "operator");
    const rotated = await here.tokens.rotate(token.id);
    assert.equal(await there(`token ${secret}`), "operator"); // it remembers, but not for long
    await there("wait 1000");
    assert.equal(await there(`token ${secret}`), "nobody");
    assert.equal(await there(`token ${rotated.secret}`), "operator");
    await here.tokens.revoke(token.id);
    assert.equal(await here.authenticate(rotated.secret), null);
    await there("wait 1000");
    assert.equal(await there(`token ${rotated.secret}`), "nobody");
  }));

Deno.test("a session ends everywhere within a second, by itself or with its token", () =>
  withTwo(async (here, there) => {
    const { secret, token } = await here.tokens.create(DRAFT, "admin");
    const principal = (await here.authenticate(secret))!;
    const one = await here.sessions.start(principal);
    const two = await here.sessions.start(principal);
    assert.equal(await there(`session ${one.id}`), "operator");
    assert.equal(await there(`session ${two.id}`), "operator");
    await here.sessions.end(one.id);
    await there("wait 1000");
    assert.equal(await there(`session ${one.id}`), "nobody");
    assert.equal(await there(`session ${two.id}`), "operator");
    await here.tokens.revoke(token.id);
    await there("wait 1000");
    assert.equal(await there(`session ${two.id}`), "nobody");
  }));

Deno.test("a clock that is set back prolongs nothing that was revoked elsewhere", () =>
  withTwo(async (here, there) => {
    const { secret, token } = await here.tokens.create(DRAFT, "admin");
    const session = await here.sessions.start((await here.authenticate(secret))!);
    assert.equal(await there(`token ${secret}`), "operator");
    assert.equal(await there(`session ${session.id}`), "operator");
    await here.tokens.revoke(token.id);
    await there("set -3600000");
    await there("wait 1000");
    assert.equal(await there(`token ${secret}`), "nobody");
    assert.equal(await there(`session ${session.id}`), "nobody");
  }));
