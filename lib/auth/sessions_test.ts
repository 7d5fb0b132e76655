import assert from "node:assert/strict";
import { FakeClock } from "../clock.ts";
import { Database } from "../kv/database.ts";
import type { Principal } from "./principal.ts";
import { newSecret } from "./secret.ts";
import { csrfTokenFits, Sessions } from "./sessions.ts";
import { sessionCookie, sessionIdFrom } from "./session_cookie.ts";
import { SignInLinks } from "./sign_in_links.ts";

const MINUTE = 60_000;
const principal: Principal = {
  id: "admin",
  subject: "admin",
  role: "admin",
  content: true,
  source: "bootstrap",
  fingerprint: "f1",
  expiresAt: null,
};

async function opened(
  run: (
    s: { sessions: Sessions; clock: FakeClock; db: Database; revoke: () => void },
  ) => Promise<void>,
): Promise<void> {
  await using db = await Database.open({ path: ":memory:" });
  const clock = new FakeClock();
  let holds = true;
  const sessions = new Sessions({
    db,
    clock,
    idleMs: 60 * MINUTE,
    maxMs: 600 * MINUTE,
    holds: () => holds,
  });
  await run({ sessions, clock, db, revoke: () => holds = false });
}

Deno.test("a session is found by its id alone, which is stored nowhere", () =>
  opened(async ({ sessions, db }) => {
    const { id } = await sessions.start(principal);
    assert.deepEqual((await sessions.find(id))?.principal, principal);
    for (const wrong of ["", "x", id.slice(1), newSecret(), id + "x", "é".repeat(43)]) {
      assert.equal(await sessions.find(wrong), null);
    }
    for await (const entry of db.kv.list({ prefix: [] })) {
      assert.ok(!JSON.stringify([entry.key, entry.value]).includes(id));
    }
  }));

Deno.test("an unused session ends after its idle time, a used one at its last hour", () =>
  opened(async ({ sessions, clock }) => {
    const idle = await sessions.start(principal);
    clock.advance(60 * MINUTE);
    assert.equal(await sessions.find(idle.id), null);

    const busy = await sessions.start(principal);
    for (let minutes = 30; minutes < 600; minutes += 30) {
      clock.advance(30 * MINUTE);
      assert.ok(await sessions.find(busy.id), `after ${minutes} minutes`);
    }
    clock.advance(30 * MINUTE);
    assert.equal(await sessions.find(busy.id), null);
  }));

Deno.test("a session ends with the credential behind it", () =>
  opened(async ({ sessions, clock, revoke }) => {
    const short = await sessions.start({ ...principal, expiresAt: clock.now() + MINUTE });
    assert.equal(short.endsAt, clock.now() + MINUTE);
    clock.advance(MINUTE);
    assert.equal(await sessions.find(short.id), null);

    const { id } = await sessions.start(principal);
    assert.ok(await sessions.find(id));
    revoke();
    clock.advance(1_000);
    assert.equal(await sessions.find(id), null);
  }));

Deno.test("signing out ends a session at once", () =>
  opened(async ({ sessions }) => {
    const { id } = await sessions.start(principal);
    assert.ok(await sessions.find(id));
    await sessions.end(id);
    assert.equal(await sessions.find(id), null);
  }));

Deno.test("ended sessions are swept, living ones stay", () =>
  opened(async ({ sessions, clock }) => {
    for (let i = 0; i < 5; i++) await sessions.start(principal);
    clock.advance(61 * MINUTE);
    const { id } = await sessions.start(principal);
    assert.equal(await sessions.sweep(3), 3);
    assert.equal(await sessions.sweep(), 2);
    assert.equal(await sessions.sweep(), 0);
    assert.ok(await sessions.find(id));
  }));

Deno.test("a form's token fits its own session only", () =>
  opened(async ({ sessions }) => {
    const a = (await sessions.find((await sessions.start(principal)).id))!;
    const b = (await sessions.find((await sessions.start(principal)).id))!;
    assert.ok(csrfTokenFits(a, a.csrfToken));
    assert.ok(!csrfTokenFits(a, b.csrfToken));
    assert.ok(!csrfTokenFits(a, ""));
  }));

Deno.test("a sign-in link works once and in time", async () => {
  await using db = await Database.open({ path: ":memory:" });
  const clock = new FakeClock();
  const links = new SignInLinks(db, clock);
  const code = await links.create(principal, 10 * MINUTE);
  const both = await Promise.all([links.redeem(code), links.redeem(code)]);
  assert.deepEqual(both.filter((p) => p !== null), [principal]);
  assert.equal(await links.redeem(code), null);
  assert.equal(await links.redeem("nonsense"), null);

  const late = await links.create(principal, 10 * MINUTE);
  await links.create(principal, 20 * MINUTE);
  clock.advance(10 * MINUTE);
  assert.equal(await links.sweep(), 1);
  assert.equal(await links.redeem(late), null);
});

Deno.test("the cookie is bound to its host over TLS, and read back exactly", () => {
  const id = newSecret();
  assert.equal(
    sessionCookie(id, 60.9, true),
    `__Host-pixel_session=${id}; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure`,
  );
  assert.equal(sessionIdFrom(`a=b; __Host-pixel_session=${id}`, true), id);
  assert.equal(sessionIdFrom(`pixel_session=${id}; c=d`, false), id);
  assert.equal(sessionIdFrom(`pixel_session=${id}`, true), null);
  assert.equal(sessionIdFrom(`xpixel_session=${id}`, false), null);
  assert.equal(sessionIdFrom(null, false), null);
  assert.match(sessionCookie("", 0, false), /^pixel_session=; Path=\/; Max-Age=0; HttpOnly/);
});
