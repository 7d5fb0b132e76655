import assert from "node:assert/strict";
import { DeliveryError } from "../../lib/notifications/delivery_error.ts";
import { checkSmtp, type Email, sendEmail } from "../../lib/notifications/email.ts";
import { RunningTime } from "../support/running_time.ts";
import { startMailServer } from "../support/smtp.ts";

const email: Email = {
  id: "alert-1/raised",
  to: ["ops@example.org", "second@example.org"],
  subject: "CPU über 80%",
  text: "CPU is at 93%.",
  html: "<p>CPU is at <b>93%</b>.</p>",
};
const from = "Pixel <pixel@example.org>";

const delivery = (retryable: boolean, statusCode?: number) => (error: unknown) => {
  assert.ok(error instanceof DeliveryError, String(error));
  assert.equal(error.retryable, retryable, error.message);
  assert.equal(error.permanent, !retryable);
  assert.equal(error.statusCode, statusCode, error.message);
  return true;
};
const refuse = (responseCode: number, text: string) =>
  Object.assign(new Error(text), { responseCode });

Deno.test("an e-mail arrives as text and HTML, with a Message-ID that a repetition shares", async () => {
  await using server = await startMailServer();
  const config = { url: `smtp://127.0.0.1:${server.port}`, from };
  const receipt = await sendEmail(config, email);
  await sendEmail(config, email);
  assert.equal(receipt.messageId, "<alert-1_raised@example.org>");
  assert.deepEqual(receipt.accepted, email.to);
  assert.deepEqual(server.mails.map((mail) => mail.messageId), [
    receipt.messageId,
    receipt.messageId,
  ]);
  const [mail] = server.mails;
  assert.equal(mail!.subject, email.subject);
  assert.equal(mail!.text?.trim(), email.text);
  assert.equal(mail!.html, email.html);
  assert.equal(mail!.from?.text, '"Pixel" <pixel@example.org>');
});

Deno.test("STARTTLS and a sign-in are used, and a wrong password is permanent", async () => {
  const read = (name: string) => Deno.readTextFile(new URL(`../support/${name}`, import.meta.url));
  const secured: boolean[] = [];
  await using server = await startMailServer({
    disabledCommands: [],
    cert: await read("tls_cert.pem"),
    key: await read("tls_key.pem"),
    onAuth(auth, session, done) {
      secured.push(session.secure);
      if (auth.password === "right") done(null, { user: auth.username });
      else done(refuse(535, "wrong password"));
    },
  });
  const url = (password: string, query = "") =>
    `smtp://pixel:${password}@localhost:${server.port}?requireTLS=true${query}`;
  await assert.rejects(
    sendEmail({ url: url("right"), from }, email),
    (error: DeliveryError) => /self.signed|unknown|issuer/i.test(error.message),
  );
  const untrusted = "&tls.rejectUnauthorized=false";
  await sendEmail({ url: url("right", untrusted), from }, email);
  await checkSmtp({ url: url("right", untrusted), from });
  await assert.rejects(
    sendEmail({ url: url("wrong", untrusted), from }, email),
    (error: DeliveryError) => {
      assert.doesNotMatch(error.message, /wrong@|pixel:/);
      return delivery(false, 535)(error);
    },
  );
  assert.equal(server.mails.length, 1);
  assert.deepEqual(secured, [true, true, true]);
});

Deno.test("a full mailbox may pass, an unknown one will not", async () => {
  let answer = 452;
  await using server = await startMailServer({
    onRcptTo: (_address, _session, done) => done(refuse(answer, "no")),
  });
  const config = { url: `smtp://127.0.0.1:${server.port}`, from };
  await assert.rejects(sendEmail(config, email), delivery(true, 452));
  answer = 550;
  await assert.rejects(sendEmail(config, email), delivery(false, 550));
});

Deno.test("one recipient refused is said, the others get it", async () => {
  await using server = await startMailServer({
    onRcptTo: (address, _session, done) =>
      address.address.startsWith("second") ? done(refuse(550, "unknown")) : done(),
  });
  const receipt = await sendEmail({ url: `smtp://127.0.0.1:${server.port}`, from }, email);
  assert.deepEqual(receipt.rejected, ["second@example.org"]);
  assert.equal(server.mails.length, 1);
});

Deno.test("a server that is gone or silent costs a bounded time and may come back", async () => {
  const silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = silent.addr as Deno.NetAddr;
  const accepted = silent.accept();
  const config = { url: `smtp://127.0.0.1:${port}`, from, timeoutMs: 100 };
  using running = new RunningTime();
  const { ms } = await running.of(() => assert.rejects(sendEmail(config, email), delivery(true)));
  assert.ok(ms < 3_000);
  (await accepted).close();
  silent.close();
  await assert.rejects(sendEmail(config, email), delivery(true));
});
