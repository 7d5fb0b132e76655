import type { Clock } from "../../lib/clock.ts";
import type { RingEntry } from "../../lib/jobs/event_ring.ts";
import type { EngineEvent, EventHub, JobEvent } from "../../lib/jobs/events.ts";
import type { Logger } from "../../lib/log.ts";
import type { EventsPort, FeedEvent } from "../deps.ts";
import { instant, statusWord, taskName } from "./shown.ts";

/** An event with its id; without one when it could not be stored. */
export interface NumberedEvent extends FeedEvent {
  id?: string;
}

type Listener = (events: readonly NumberedEvent[]) => void;

export interface FeedOptions extends EventsPort {
  hub: EventHub;
  clock: Clock;
  log: Logger;
}

/** Changes are gathered this long; of one task only the last of them is told. */
const GATHER_MS = 100;
/** More tasks than this in one gathering are told as a change of their queue alone. */
const MAX_TASKS = 200;
/** Health reports and alerts of one gathering. */
const MAX_OTHERS = 100;

/**
 * What happens, for everybody who watches live: gathered, stored with a number, then told. However
 * fast tasks go, a listener gets at most some hundred events a gathering.
 */
export class EventFeed {
  readonly #options: FeedOptions;
  readonly #listeners = new Set<Listener>();
  readonly #tasks = new Map<string, JobEvent>();
  readonly #queues = new Map<string, { change: "depth" | "paused" | "resumed"; at: number }>();
  #others: FeedEvent[] = [];
  readonly #unsubscribe: () => void;
  #cancelFlush: (() => void) | null = null;
  #cancelPoll: (() => void) | null = null;
  /** What is stored and told now, one thing after the other. */
  #working: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(options: FeedOptions) {
    this.#options = options;
    this.#unsubscribe = options.hub.subscribe((event) => this.#gather(event));
    if (options.broken) this.#add({ name: "reset", data: {} });
    if (options.pollMs !== undefined) this.#poll(options.pollMs);
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  /**
   * Calls `listener` with events from now on. With the id of the last event that a listener saw,
   * first with those it missed, or with one `reset` when they are no longer known.
   */
  subscribe(listener: Listener, lastEventId?: string | null): () => void {
    this.#listeners.add(listener);
    if (lastEventId) listener(this.#missed(lastEventId));
    return () => this.#listeners.delete(listener);
  }

  /** Tells a health report or an alert. */
  publish(name: "health" | "alert", data: Record<string, unknown>): void {
    if (this.#others.length < MAX_OTHERS) this.#add({ name, data });
  }

  /** Stores what was gathered, and that it is all there is. Nothing is told after this. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#unsubscribe();
    this.#cancelPoll?.();
    this.#cancelFlush?.();
    this.#flush();
    await this.#working;
    this.#listeners.clear();
    await this.#options.ring.close().catch((error) => {
      this.#options.log.warn("the events could not be closed", { error });
    });
  }

  #add(event: FeedEvent): void {
    if (this.#closed) return;
    this.#others.push(event);
    this.#flushSoon();
  }

  #gather(event: EngineEvent): void {
    if ("id" in event) {
      if (!this.#queues.has(event.queue)) {
        this.#queues.set(event.queue, { change: "depth", at: event.at });
      }
      if (this.#tasks.size < MAX_TASKS || this.#tasks.has(event.id)) {
        this.#tasks.set(event.id, event);
      }
    } else {
      const change = event.type === "queue.paused" ? "paused" : "resumed";
      this.#queues.set(event.queue, { change, at: event.at });
    }
    this.#flushSoon();
  }

  #flushSoon(): void {
    this.#cancelFlush ??= this.#options.clock.after(GATHER_MS, () => this.#flush());
  }

  #flush(): void {
    this.#cancelFlush = null;
    const events = [
      ...this.#others,
      ...Array.from(this.#queues, ([queue, { change, at }]): FeedEvent => ({
        name: "queue",
        data: { queue, change, at: instant(at) },
      })),
      ...Array.from(this.#tasks.values(), taskEvent),
    ];
    this.#others = [];
    this.#queues.clear();
    this.#tasks.clear();
    if (events.length > 0) this.#working = this.#working.then(() => this.#store(events));
  }

  async #store(events: FeedEvent[]): Promise<void> {
    try {
      this.#tell((await this.#options.ring.append(events)).map(numbered));
    } catch (error) {
      // They happened all the same; whoever comes back later is told that some are missing.
      this.#options.log.warn("events could not be stored", { error });
      this.#tell(events);
      this.#add({ name: "reset", data: {} });
    }
  }

  #tell(events: readonly NumberedEvent[]): void {
    for (const listener of this.#listeners) listener(events);
  }

  #poll(everyMs: number): void {
    this.#cancelPoll = this.#options.clock.after(everyMs, () => {
      this.#working = this.#working.then(async () => {
        if (this.#listeners.size === 0) return; // whoever comes back is told that some are missing
        const events = await this.#options.ring.refresh().catch(() => []);
        if (events.length > 0) this.#tell(events.map(numbered));
      });
      this.#poll(everyMs);
    });
  }

  #missed(lastEventId: string): NumberedEvent[] {
    const { ring } = this.#options;
    const entries = /^\d{1,15}$/.test(lastEventId) ? ring.after(Number(lastEventId)) : null;
    return entries?.map(numbered) ?? [{ id: String(ring.last), name: "reset", data: {} }];
  }
}

const numbered = ({ seq, event }: RingEntry<FeedEvent>): NumberedEvent => ({
  id: String(seq),
  ...event,
});

function taskEvent({ id, kind, queue, state, progress, at }: JobEvent): FeedEvent {
  return {
    name: "task",
    data: {
      task_id: id,
      name: taskName(kind),
      queue,
      status: statusWord(state),
      ...(progress === undefined ? {} : { progress }),
      at: instant(at),
    },
  };
}

const encoder = new TextEncoder();
const written = new WeakMap<readonly NumberedEvent[], Uint8Array<ArrayBuffer>>();

/** Events as text/event-stream; all who are told the same ones share the bytes. */
export function eventBytes(events: readonly NumberedEvent[]): Uint8Array<ArrayBuffer> {
  let bytes = written.get(events);
  if (!bytes) written.set(events, bytes = encoder.encode(eventText(events)));
  return bytes;
}

function eventText(events: readonly NumberedEvent[]): string {
  let text = "";
  for (const { id, name, data } of events) {
    text += `${id === undefined ? "" : `id: ${id}\n`}event: ${name}\n`;
    text += `data: ${JSON.stringify(data)}\n\n`;
  }
  return text;
}
