import { type ParsedMail, simpleParser } from "mailparser";
import { SMTPServer, type SMTPServerOptions } from "smtp-server";

/** A mail server on the loopback address that keeps what it was sent. */
export interface MailServer extends AsyncDisposable {
  port: number;
  mails: ParsedMail[];
}

const GREETING_MS = 120;

/** Starts one on a free port; `options` are those of smtp-server. */
export async function startMailServer(options: SMTPServerOptions = {}): Promise<MailServer> {
  const mails: ParsedMail[] = [];
  const server = new SMTPServer({
    disabledCommands: ["AUTH", "STARTTLS"],
    onData(stream, _session, done) {
      simpleParser(stream).then((mail) => {
        mails.push(mail);
        done();
      }, done);
    },
    ...options,
  });
  server.on("error", () => {}); // a client that hangs up is part of the tests
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.server.address() as { port: number };
  return {
    port,
    mails,
    async [Symbol.asyncDispose]() {
      await new Promise<void>((resolve) => server.close(() => resolve()));
      // smtp-server greets a new connection after 100 ms and does not take that timer back.
      await new Promise((resolve) => setTimeout(resolve, GREETING_MS));
    },
  };
}
