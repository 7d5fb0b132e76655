import type { createTransport, Transporter } from "nodemailer";
import { messageOf } from "../errors.ts";
import { DeliveryError } from "./delivery_error.ts";

export interface SmtpConfig {
  /** `smtp://user:password@host:587` (STARTTLS where offered; `?requireTLS=true`) or `smtps://…`. */
  url: string;
  from: string;
  /** For each of connecting, the greeting, and silence; default 10 s. */
  timeoutMs?: number;
}

export interface Email {
  to: string | string[];
  subject: string;
  text: string;
  html?: string;
  /** The same for every attempt; becomes the Message-ID. */
  id: string;
}

export interface EmailReceipt {
  messageId: string;
  accepted: string[];
  /** Recipients that the server refused while it took others. */
  rejected: string[];
}

const TIMEOUT_MS = 10_000;
/** Faults of nodemailer's that stay when tried again; a 4xx answer of the server outweighs them. */
const LASTING = new Set(["EAUTH", "ENOAUTH", "EOAUTH2", "EENVELOPE", "EMESSAGE", "ETLS"]);

/** Sends one e-mail over a connection of its own. Throws DeliveryError: 4xx may pass, 5xx will not. */
export function sendEmail(config: SmtpConfig, email: Email): Promise<EmailReceipt> {
  return withTransport(config, async (transport) => {
    const receipt = await transport.sendMail({
      from: config.from,
      to: email.to,
      subject: email.subject,
      text: email.text,
      html: email.html,
      messageId: `<${email.id.replace(/[^\w.+-]/g, "_")}@${domainOf(config.from)}>`,
    });
    return {
      messageId: receipt.messageId,
      accepted: (receipt.accepted ?? []).map(String),
      rejected: (receipt.rejected ?? []).map(String),
    };
  });
}

/** Connects and signs in, without sending; for health and for trying out a configuration. */
export async function checkSmtp(config: SmtpConfig): Promise<void> {
  await withTransport(config, (transport) => transport.verify());
}

async function withTransport<T>(
  config: SmtpConfig,
  use: (transport: Transporter) => Promise<T>,
): Promise<T> {
  const timeout = config.timeoutMs ?? TIMEOUT_MS;
  // Loaded by the first mail: it takes memory that a service without SMTP_URL need not spend.
  const { createTransport: connect } = await import("nodemailer");
  const transport = connect(
    {
      url: config.url,
      name: domainOf(config.from), // said in EHLO; the host's own name would need a permission
      connectionTimeout: timeout,
      greetingTimeout: timeout,
      socketTimeout: timeout,
      dnsTimeout: timeout,
      disableFileAccess: true,
      disableUrlAccess: true,
    } as Parameters<typeof createTransport>[0],
  );
  try {
    return await use(transport as Transporter);
  } catch (error) {
    throw deliveryError(error);
  } finally {
    transport.close();
  }
}

function deliveryError(thrown: unknown): DeliveryError {
  const { code, responseCode: statusCode } = thrown as { code?: string; responseCode?: number };
  const retryable = statusCode ? statusCode < 500 : !LASTING.has(code ?? "");
  const message = `the mail server did not take it: ${messageOf(thrown, 300)}`;
  return new DeliveryError(message, { retryable, statusCode, cause: thrown });
}

/** The domain of "Name <someone@example.org>". */
function domainOf(from: string): string {
  return /@([\w.-]+)/.exec(from)?.[1] ?? "localhost";
}
