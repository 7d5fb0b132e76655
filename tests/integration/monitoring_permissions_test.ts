import assert from "node:assert/strict";
import { moduleUrl, runAsService } from "../support/scoped.ts";
import { startMailServer } from "../support/smtp.ts";

Deno.test("the machine is measured with the permissions that the service has", async () => {
  const printed = await runAsService(`
    import { SystemSampler } from ${moduleUrl("lib/monitoring/system.ts")};
    await using sampler = new SystemSampler({ dataDir: "." });
    await sampler.start();
    console.log(JSON.stringify(sampler.latest()));`);
  const sample = JSON.parse(printed);
  for (const figure of ["cpuPercent", "memoryPercent", "diskPercent"]) {
    assert.ok(sample[figure] > 0 && sample[figure] <= 100, `${figure} ${sample[figure]}`);
  }
  assert.ok(sample.diskFreeBytes > 0 && sample.rssBytes > 1e6);
});

Deno.test("an e-mail is sent with the permissions that the service has", async () => {
  await using server = await startMailServer();
  await runAsService(
    `import { sendEmail } from ${moduleUrl("lib/notifications/email.ts")};
     const config = { url: "smtp://127.0.0.1:" + Deno.args[0], from: "pixel@example.org" };
     await sendEmail(config, { id: "1", to: "ops@example.org", subject: "Hello", text: "there" });`,
    [String(server.port)],
  );
  assert.equal(server.mails[0]!.subject, "Hello");
});
