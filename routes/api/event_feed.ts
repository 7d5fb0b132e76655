import type { Clock } from "../../lib/clock.ts";
import type { EngineEvent, EventHub } from "../../lib/jobs/events.ts";
import { instant, statusWord, taskName } from "./shown.ts";

/** The kinds of live events. */
export type FeedEventName = "task" | "queue" | "health" | "alert";

/** One event as it goes over the wire; ids count up within a process. */
export interface FeedEvent {
  id: string;
  name: FeedEventName | "reset";
  data: string;
}

export interface FeedOptions {
  hub: EventHub;
  clock: Clock;
}

/** Events kept for those who come back. */
const MAX_KEPT = 2_000;
/** Changes are gathered this long; of one task only the last of them is told. */
const GATHER_MS = 100;
/** More tasks than this in one gathering are told as a change of their queue alone. */
const MAX_TASKS = 200;
/** It goes on gathering this long without a listener, so that one who returns misses nothing. */
const LINGER_MS = 60_000;

/**
 * What happens, for everybody who watches live: gathered, numbered, and kept for a while. However
 * fast tasks go, a listener gets at most some hundred events a gathering.
 */
export class EventFeed {
  readonly #options: FeedOptions;
  readonly #session = crypto.randomUUID().slice(0, 8);
  readonly #listeners = new Set<(events: readonly FeedEvent[]) => void>();
  readonly #kept: FeedEvent[] = [];
  readonly #tasks = new Map<string, object>();
  readonly #queues = new Map<string, object>();
  #count = 0;
  #unsubscribe: (() => void) | null = null;
  #cancelFlush: (() => void) | null = null;
  #cancelLinger: (() => void) | null = null;

  constructor(options: FeedOptions) {
    this.#options = options;
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  /**
   * Calls `listener` with events from now on. With the id of the last event that a listener saw,
   * first with those it missed, or with one `reset` when they are no longer known.
   */
  subscribe(
    listener: (events: readonly FeedEvent[]) => void,
    lastEventId?: string | null,
  ): () => void {
    this.#cancelLinger?.();
    this.#cancelLinger = null;
    this.#unsubscribe ??= this.#options.hub.subscribe((event) => this.#gather(event));
    this.#listeners.add(listener);
    if (lastEventId) listener(this.#missed(lastEventId));
    return () => {
      if (!this.#listeners.delete(listener) || this.#listeners.size > 0) return;
      this.#cancelLinger = this.#options.clock.after(LINGER_MS, () => this.close());
    };
  }

  /** Tells a health report or an alert. */
  publish(name: "health" | "alert", data: unknown): void {
    if (this.#unsubscribe) this.#tell([this.#event(name, data)]);
  }

  /** Stops gathering and forgets everything. */
  close(): void {
    this.#unsubscribe?.();
    this.#cancelFlush?.();
    this.#cancelLinger?.();
    this.#unsubscribe = this.#cancelFlush = this.#cancelLinger = null;
    this.#listeners.clear();
    this.#tasks.clear();
    this.#queues.clear();
    this.#kept.length = 0;
  }

  #gather(event: EngineEvent): void {
    const at = instant(event.at);
    if (event.type === "queue.paused" || event.type === "queue.resumed") {
      const change = event.type === "queue.paused" ? "paused" : "resumed";
      this.#queues.set(event.queue, { queue: event.queue, change, at });
    } else if ("id" in event) {
      if (!this.#queues.has(event.queue)) {
        this.#queues.set(event.queue, { queue: event.queue, change: "depth", at });
      }
      if (this.#tasks.size < MAX_TASKS || this.#tasks.has(event.id)) {
        this.#tasks.set(event.id, {
          task_id: event.id,
          name: taskName(event.kind),
          queue: event.queue,
          status: statusWord(event.state),
          ...(event.progress === undefined ? {} : { progress: event.progress }),
          at,
        });
      }
    }
    this.#cancelFlush ??= this.#options.clock.after(GATHER_MS, () => this.#flush());
  }

  #flush(): void {
    this.#cancelFlush = null;
    const events: FeedEvent[] = [];
    for (const data of this.#queues.values()) events.push(this.#event("queue", data));
    for (const data of this.#tasks.values()) events.push(this.#event("task", data));
    this.#queues.clear();
    this.#tasks.clear();
    this.#tell(events);
  }

  #tell(events: FeedEvent[]): void {
    this.#kept.push(...events);
    if (this.#kept.length > MAX_KEPT) this.#kept.splice(0, this.#kept.length - MAX_KEPT);
    for (const listener of this.#listeners) listener(events);
  }

  #event(name: FeedEvent["name"], data: unknown): FeedEvent {
    return { id: `${this.#session}-${++this.#count}`, name, data: JSON.stringify(data) };
  }

  #missed(lastEventId: string): FeedEvent[] {
    const [session, number] = lastEventId.split("-");
    const last = Number(number);
    const oldest = this.#count - this.#kept.length;
    if (session !== this.#session || !(last >= oldest && last <= this.#count)) {
      const reset = { id: `${this.#session}-${this.#count}`, name: "reset", data: "{}" } as const;
      return [reset];
    }
    return this.#kept.slice(last - oldest);
  }
}

/** Events in the form of text/event-stream. */
export function eventText(events: readonly FeedEvent[]): string {
  let text = "";
  for (const { id, name, data } of events) text += `id: ${id}\nevent: ${name}\ndata: ${data}\n\n`;
  return text;
}
