/**
 * One process of several that share a database, as far as tokens and sessions go. It answers each
 * line on stdin with one on stdout. Its clock stands still until it is told how far to go, so that
 * what is remembered for a while is tested by time and not by the speed of a machine.
 */
import process from "node:process";
import { createInterface } from "node:readline";
import { Authenticator } from "../../lib/auth/authenticator.ts";
import { FakeClock } from "../../lib/clock.ts";
import { Database } from "../../lib/kv/database.ts";
import { silentLogger } from "../../lib/log.ts";

const [path, adminToken] = Deno.args as [string, string];
await using db = await Database.open({ path, shared: true });
const clock = new FakeClock(Date.now());
const auth = await Authenticator.open({
  db,
  clock,
  log: silentLogger,
  dataDir: "unused",
  adminToken,
  jwt: undefined,
  sessionIdleMs: 3_600_000,
  sessionMaxMs: 86_400_000,
});
const say = (text: string) => Deno.stdout.writeSync(new TextEncoder().encode(text + "\n"));

say("ready");
for await (const line of createInterface({ input: process.stdin })) {
  const [word, value] = line.split(" ") as [string, string];
  if (word === "token") say((await auth.authenticate(value))?.role ?? "nobody");
  else if (word === "session") say((await auth.sessions.find(value))?.principal.role ?? "nobody");
  else if (word === "wait") {
    clock.advance(Number(value));
    say("waited");
  } else if (word === "set") {
    clock.set(Number(value));
    say("set");
  }
}
