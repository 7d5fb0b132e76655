import assert from "node:assert/strict";
import type { ParsedMail } from "mailparser";
import { dayAhead, dayOf } from "../support/days.ts";
import { TestService } from "../support/service.ts";
import { startMailServer } from "../support/smtp.ts";

const DAY_MS = 86_400_000;

interface Schedules {
  schedules: { name: string; cron: string; next_run_at: string }[];
}

Deno.test("the daily summary and the weekly report are mailed, with charts and as text", async () => {
  const mailed = Promise.withResolvers<void>();
  await using mail = await startMailServer();
  const arrived = mail.mails.push.bind(mail.mails);
  mail.mails.push = (...more: ParsedMail[]) => {
    const count = arrived(...more);
    if (count === 4) mailed.resolve();
    return count;
  };
  await using service = await TestService.start({
    env: {
      SMTP_URL: `smtp://127.0.0.1:${mail.port}`,
      MAIL_FROM: "Pixel <pixel@example.org>",
      REPORT_EMAIL: "product@example.org, ann@example.org",
    },
  });
  const { body } = await service.request<Schedules>("GET", "/schedules");
  const next = (name: string) => body.schedules.find((row) => row.name === name)!;
  assert.equal(next("daily-summary-mail").next_run_at.slice(11, 16), "08:00");
  assert.equal(next("weekly-report-mail").next_run_at.slice(11, 16), "09:00");
  assert.equal(new Date(next("weekly-report-mail").next_run_at).getUTCDay(), 1, "a Monday");

  await dayAhead(60_000);
  const now = Date.now();
  const lines = [1, 7].flatMap((daysAgo) =>
    [1, 2, 3].map((n) =>
      JSON.stringify({
        conversation_id: `${daysAgo}-${n}`,
        user_id: `user ${n}`,
        bot_id: "bakery",
        bot_name: "The <b>Bakery</b>",
        status: "completed",
        messages: [{
          role: "user",
          content: "hi",
          at: new Date(now - daysAgo * DAY_MS).toISOString(),
        }],
      })
    )
  );
  const imported = await fetch(`${service.url}/api/performance/conversations/import`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${service.token}`,
      "content-type": "application/x-ndjson",
    },
    body: lines.join("\n"),
  });
  assert.equal((await imported.json()).imported, 6);
  for (const name of ["daily-summary-mail", "weekly-report-mail"]) {
    assert.equal((await service.request("POST", `/schedules/${name}/run`)).status, 200);
  }
  await mailed.promise;

  const addressees = mail.mails.map(({ to }) => [to].flat()[0]!.text).sort();
  const [ann, product] = ["ann@example.org", "product@example.org"];
  assert.deepEqual(addressees, [ann, ann, product, product]);
  const daily = mail.mails.find(({ subject }) => subject?.startsWith("Daily summary"))!;
  const weekly = mail.mails.find(({ subject }) => subject?.startsWith("Weekly report"))!;
  assert.ok(daily.subject!.includes(`${dayOf(now - DAY_MS)}: 3 conversations`), daily.subject);
  for (const { text, html, to } of [daily, weekly]) {
    assert.equal([to].flat().length, 1, "a message each");
    assert.match(text!, /Conversations\s+\d/);
    assert.match(text!, /#/, "bars");
    assert.match(String(html), /<div style="width:\d+px;height:14px/, "bars");
    assert.doesNotMatch(String(html), /<(script|img|link)|url\(/, "nothing to load");
  }
  assert.ok(String(daily.html).includes("The &lt;b&gt;Bakery&lt;/b&gt;"));
});
