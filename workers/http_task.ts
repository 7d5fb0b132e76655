import { z } from "zod";
import {
  cancel,
  complete,
  declareJob,
  handleJob,
  type JobDefinition,
  type JobKind,
} from "../lib/jobs/definition.ts";
import { MAX_WRAPPED_BYTES } from "../lib/jobs/job.ts";
import type { OutboundPolicy } from "../lib/notifications/address.ts";
import { DeliveryError } from "../lib/notifications/delivery_error.ts";
import { sendWebhook } from "../lib/notifications/webhook.ts";

const payload = z.object({ url: z.string(), payload: z.unknown() });
export type HttpTask = z.infer<typeof payload>;

/** What the kinds of such tasks begin with; their name follows. */
export const HTTP_TASK = "http:";
/** As much as a task's result may take. */
const MAX_ANSWER_BYTES = 6 * 1024;

/** The kind of a task that somebody performs at an address of theirs. */
export function httpTaskKind(name: string, queue: string): JobKind<HttpTask> {
  return declareJob<HttpTask>({
    kind: HTTP_TASK + name,
    queue,
    payload,
    maxAttempts: 5,
    timeoutMs: 30_000,
    maxPayloadBytes: MAX_WRAPPED_BYTES, // somebody's payload of 48 KiB, and where to send it
  });
}

/**
 * POSTs a task's payload, signed: 2xx completes it with the body as its result, 409 and 410 cancel
 * it, 408, 425, 429, 5xx and silence are tried again, by `Retry-After` where there is one, and
 * everything else fails at once. Addresses are checked at each attempt and redirect.
 */
export function httpTasks(
  { secret, policy }: { secret: string; policy: OutboundPolicy },
): JobDefinition<HttpTask> {
  return handleJob({ ...httpTaskKind("", "default"), kind: HTTP_TASK }, {
    async perform(job) {
      try {
        const answer = await sendWebhook({
          url: job.payload.url,
          id: job.id,
          payload: job.payload.payload ?? null,
          secret,
          timeoutMs: 25_000,
          maxResponseBytes: MAX_ANSWER_BYTES,
          signal: job.signal,
        }, policy);
        if (answer.truncated) {
          return complete({ omitted: `an answer of more than ${MAX_ANSWER_BYTES} bytes` });
        }
        return complete(resultOf(answer.body, answer.headers["content-type"] ?? ""));
      } catch (error) {
        if (error instanceof DeliveryError && [409, 410].includes(error.statusCode ?? 0)) {
          return cancel(error.message);
        }
        throw error;
      }
    },
  });
}

/** JSON where the answer says that it is, otherwise its text. */
function resultOf(body: string, type: string): unknown {
  if (!/[/+]json\b/i.test(type)) return body;
  try {
    return JSON.parse(body);
  } catch {
    return body;
  }
}
