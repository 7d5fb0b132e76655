import { messageOf } from "../errors.ts";

/** A job as a thread gets it. */
export interface WorkerJob<P> {
  id: string;
  kind: string;
  payload: P;
  attempt: number;
  progress(percent: number, message?: string): void;
}

export type FromWorker =
  | { type: "progress"; percent: number; message?: string }
  | { type: "result"; value: unknown }
  | { type: "error"; message: string; permanent?: boolean; retryAfterMs?: number; code?: string };

/** Called by the module of a `WorkerPool`: performs the jobs that it is sent, one after the other. */
export function performInWorker<P>(perform: (job: WorkerJob<P>) => unknown): void {
  const scope = self as unknown as {
    onmessage: (event: MessageEvent<Omit<WorkerJob<P>, "progress">>) => void;
    postMessage(message: FromWorker): void;
  };
  scope.onmessage = async ({ data }) => {
    const progress = (percent: number, message?: string) =>
      scope.postMessage({ type: "progress", percent, message });
    try {
      scope.postMessage({ type: "result", value: await perform({ ...data, progress }) });
    } catch (error) {
      scope.postMessage({ type: "error", message: messageOf(error, 1_000), ...hints(error) });
    }
  };
}

/** What a JobError says about retrying. */
function hints(error: unknown): Partial<FromWorker & { type: "error" }> {
  if (typeof error !== "object" || error === null) return {};
  const { permanent, retryAfterMs, code } = error as Record<string, unknown>;
  return {
    ...(permanent === true ? { permanent } : {}),
    ...(typeof retryAfterMs === "number" ? { retryAfterMs } : {}),
    ...(typeof code === "string" ? { code } : {}),
  };
}
