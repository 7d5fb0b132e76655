/**
 * Spans by OpenTelemetry, exported by the runtime when it is started with `OTEL_DENO=true`. Without
 * that every function here only calls what it is given.
 */
import {
  type Attributes,
  context,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from "@opentelemetry/api";

/** Whether the runtime has put a tracer where the API looks for one; it does so before any import. */
export const tracing = (globalThis as Record<symbol, { trace?: unknown } | undefined>)[
  Symbol.for("opentelemetry.js.api.1")
]?.trace !== undefined;
const tracer = trace.getTracer("pixel");

/** What a span is of: work of our own, a task that is handed over, or one that is taken up. */
export type SpanRole = "internal" | "producer" | "consumer";
const KINDS: Record<SpanRole, SpanKind> = {
  internal: SpanKind.INTERNAL,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
};

/** Runs `work` within a span that ends with it, and that tells of an error it throws. */
export function inSpan<T>(
  name: string,
  attributes: Attributes,
  work: () => Promise<T>,
  role: SpanRole = "internal",
): Promise<T> {
  if (!tracing) return work();
  return tracer.startActiveSpan(name, { attributes, kind: KINDS[role] }, async (span) => {
    try {
      return await work();
    } catch (error) {
      failed(span, error);
      throw error;
    } finally {
      span.end();
    }
  });
}

/** As `inSpan`, as a child of the span whose context `carried` holds. */
export function inSpanOf<T>(
  carried: string | undefined,
  name: string,
  attributes: Attributes,
  work: () => Promise<T>,
): Promise<T> {
  if (!tracing) return work();
  const parent = propagation.extract(ROOT_CONTEXT, carried ? { traceparent: carried } : {});
  return context.with(parent, () => inSpan(name, attributes, work, "consumer"));
}

/**
 * The context of a new, short span, to be carried to whoever goes on with the work: a W3C
 * `traceparent`. Undefined when nothing is traced.
 */
export function handedOver(name: string, attributes: () => Attributes): string | undefined {
  if (!tracing) return undefined;
  const span = tracer.startSpan(name, { attributes: attributes(), kind: SpanKind.PRODUCER });
  const carrier: { traceparent?: string } = {};
  propagation.inject(trace.setSpan(context.active(), span), carrier);
  span.end();
  return carrier.traceparent;
}

/** Adds what is only known at the end to the span that is active. */
export function note(attributes: () => Attributes): void {
  if (tracing) trace.getActiveSpan()?.setAttributes(attributes());
}

function failed(span: Span, error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  span.setStatus({ code: SpanStatusCode.ERROR, message: message.slice(0, 300) });
}
