import assert from "node:assert/strict";
import { cronWords } from "./cron_words.ts";

Deno.test("cron lines are told in plain words, and odd ones stay as they are", () => {
  const told: Record<string, string> = {
    "every 30 s": "Every 30 s",
    "* * * * *": "Every minute",
    "*/15 * * * *": "Every 15 minutes",
    "5 * * * *": "Every hour, 5 min past",
    "0 */6 * * *": "Every 6 hours, 0 min past",
    "0 1 * * *": "Every day at 01:00 UTC",
    "30 4 * * 1-5": "Every weekday at 04:30 UTC",
    "0 2 * * 1": "Every Monday at 02:00 UTC",
    "0 2 * * 0,3,7": "Every Sunday, Wednesday and Sunday at 02:00 UTC",
    "0 3 1 * *": "On the 1st of every month at 03:00 UTC",
    "0 3 22 12 *": "On the 22nd of December at 03:00 UTC",
    "0 3 13 * *": "On the 13th of every month at 03:00 UTC",
    "0 3 L * *": "0 3 L * *",
    "0 9-17 * * 1": "0 9-17 * * 1",
    "0 0 1 1 1": "0 0 1 1 1",
  };
  for (const [cron, words] of Object.entries(told)) assert.equal(cronWords(cron), words, cron);
});
