import { Figures } from "../../lib/analytics/figures/figures.ts";
import { Recorder } from "../../lib/analytics/recorder.ts";
import { UserMonths } from "../../lib/analytics/user_months.ts";
import { FakeClock } from "../../lib/clock.ts";
import type { Database } from "../../lib/kv/database.ts";

/** The figures of what was recorded in a database, as of an instant (milliseconds UTC). */
export const figuresOn = (db: Database, now: number): Figures =>
  new Figures({
    db,
    clock: new FakeClock(now),
    users: new UserMonths(db.kv),
    unanswered: new Recorder(db).unanswered,
    texts: { takings: () => Promise.resolve(null), question: () => Promise.resolve(null) },
  });
