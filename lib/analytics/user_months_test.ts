import assert from "node:assert/strict";
import fc from "fast-check";
import { mayHoldUser, userPartOf } from "../conversations/user_places.ts";
import { Database } from "../kv/database.ts";
import { replaceEverywhere } from "../kv/replace_text.ts";
import { WriteSet } from "../kv/write_set.ts";
import { DAY_MS } from "./periods.ts";
import { Recorder } from "./recorder.ts";
import { UserMonths } from "./user_months.ts";

const sanitize = { sanitizeOps: true, sanitizeResources: true };
const FIRST = Date.parse("2026-03-20T00:00:00Z");
const DAYS = 80;
const MONTHS = [2, 3, 4, 5].map((month) => (2026 - 1970) * 12 + month);

const whole = async (months: UserMonths, month: number) =>
  (await Array.fromAsync(months.of(month))).flat();

interface Asked {
  lists: number;
  reads: number;
}

/** A database that counts how often records of users are asked for. */
function counting(kv: Deno.Kv, asked: Asked): Deno.Kv {
  return {
    get: (key: Deno.KvKey) => kv.get(key),
    getMany: (keys: Deno.KvKey[]) => (asked.reads++, kv.getMany(keys)),
    list: (selector: Deno.KvListSelector, options: Deno.KvListOptions) => {
      if ("prefix" in selector) asked.lists++;
      else asked.reads++;
      return kv.list(selector, options);
    },
  } as unknown as Deno.Kv;
}

const fact = (user: number, day: number, n: number) => ({
  conversationId: `c${n}`,
  userId: `user ${user}`,
  botId: "bot",
  startedAt: FIRST + day * DAY_MS + (n % 96) * 900_000,
});

async function live(db: Database, recorder: Recorder, f: ReturnType<typeof fact>) {
  const tx = new WriteSet();
  const at = f.startedAt;
  await recorder.submitted(tx, { ...f, at, first: true, from: null, live: true });
  await db.commit(tx);
}

const user = fc.integer({ min: 0, max: 7 });
const day = fc.integer({ min: 0, max: DAYS - 1 });
const changes = fc.array(
  fc.oneof(
    fc.record({ type: fc.constant("live" as const), user, day }),
    fc.record({ type: fc.constant("hand over" as const), user, day }),
    fc.record({
      type: fc.constant("import" as const),
      all: fc.array(fc.record({ user, day }), { minLength: 1, maxLength: 6 }),
    }),
    fc.record({ type: fc.constant("erase" as const), user, day }),
    fc.record({ type: fc.constant("read" as const), month: fc.constantFrom(...MONTHS) }),
  ),
  { maxLength: 30 },
);

/** Some days into a month, where its users are counted up to. */
const QUARTERS = 15 * 96;

Deno.test("users that were kept are those that a new reading finds", sanitize, async () => {
  await fc.assert(
    fc.asyncProperty(changes, async (commands) => {
      await using db = await Database.open({ path: ":memory:" });
      const recorder = new Recorder(db);
      const kept = new UserMonths(db.kv);
      let n = 0;
      for (const c of commands) {
        n++;
        const tx = new WriteSet();
        if (c.type === "live") await live(db, recorder, fact(c.user, c.day, n));
        else if (c.type === "hand over") {
          const course = { troubled: false, unanswered: false, handedOver: false };
          const f = fact(c.user, c.day, n);
          await recorder.handedOver(tx, { ...f, status: "completed", live: true, course });
        } else if (c.type === "import") {
          const facts = c.all.map(({ user, day }, i) => ({
            ...fact(user, day, 100 * n + i),
            ...{ endedAt: 0, status: "completed" as const, satisfaction: null },
            ...{ messages: 2, userMessages: 1 },
          }));
          await recorder.imported(tx, facts);
        } else if (c.type === "erase") {
          const texts = new Map([[`user ${c.user}`, `erased ${n}`]]);
          await replaceEverywhere({ db, texts, partOf: userPartOf, mayHold: mayHoldUser });
          await recorder.replaced(tx, [...texts.values()]);
        } else await whole(kept, c.month);
        if (!tx.empty) await db.commit(tx);
        if (c.type !== "read" && n % 3 !== 0) continue;
        for (const month of MONTHS) {
          const again = new UserMonths(db.kv);
          const counted = await again.countUntil(month, QUARTERS);
          assert.deepEqual(await whole(kept, month), await whole(again, month));
          assert.equal(await kept.countUntil(month, QUARTERS), counted);
        }
      }
    }),
    { numRuns: 60 },
  );
});

Deno.test(
  "a month is listed again after a change, and read anew after none",
  sanitize,
  async () => {
    await using db = await Database.open({ path: ":memory:" });
    const recorder = new Recorder(db);
    const asked: Asked = { lists: 0, reads: 0 };
    const months = new UserMonths(counting(db.kv, asked));
    const [month, next] = MONTHS as [number, number];
    const users = async (of: number) => {
      Object.assign(asked, { lists: 0, reads: 0 });
      const found = await whole(months, of);
      return [found.map(({ userId, firstEver }) => `${userId} ${firstEver}`), { ...asked }];
    };
    await live(db, recorder, fact(1, 0, 1));
    await live(db, recorder, fact(1, 20, 2));
    await live(db, recorder, fact(2, 20, 3));
    assert.deepEqual(await users(month), [["user 1 true"], { lists: 1, reads: 1 }]);
    const first = [["user 1 false", "user 2 true"], { lists: 1, reads: 1 }];
    assert.deepEqual(await users(next), first);
    assert.deepEqual(await users(next), [first[0], { lists: 0, reads: 0 }]);
    await live(db, recorder, fact(1, 21, 4));
    assert.deepEqual(await users(next), [first[0], { lists: 1, reads: 0 }], "nobody is new");
    assert.deepEqual(await users(month), [["user 1 true"], { lists: 0, reads: 0 }]);
    await live(db, recorder, fact(2, 1, 5));
    const moved = ["user 1 false", "user 2 false"];
    assert.deepEqual(await users(next), [moved, { lists: 1, reads: 1 }], "user 2 was here before");
  },
);
