import type { TestService } from "../../tests/support/service.ts";

export type Random = () => number;

const BOT = {
  name: "Soak",
  knowledge: [
    { question: "When do you open?", answer: "At 6:30." },
    { question: "Do you deliver?", answer: "Within the town." },
    { question: "How can I pay?", answer: "Cash or card." },
  ],
};
const QUESTIONS = BOT.knowledge.map((entry) => entry.question);
const RETRY_MS = 200;
/** Answers that the probes keep. */
const MAX_LATENCIES = 100_000;

/**
 * Clients that send, read and administer at random. A request whose answer was lost is sent again
 * with its key, as a careful client does, so every acknowledged turn is known exactly.
 */
export class Traffic {
  /** Acknowledged turns by conversation. */
  readonly turns = new Map<string, number>();
  readonly latencies: { at: number; ms: number }[] = [];
  requests = 0;
  /** Answers that no client should see: 5xx other than 503. */
  faults: string[] = [];
  #running: Promise<unknown> = Promise.resolve();
  #sending = true;

  constructor(
    readonly service: TestService,
    readonly random: Random,
    readonly startedAt: number,
  ) {}

  /** Starts the clients; they begin by teaching the bot. */
  async start(clients: number): Promise<void> {
    await this.#ask("PUT", "/bots/soak", BOT);
    this.#running = Promise.all(Array.from({ length: clients }, (_, i) => this.#client(i)));
  }

  async stop(): Promise<void> {
    this.#sending = false;
    await this.#running;
  }

  async #client(name: number): Promise<void> {
    for (let i = 0; this.#sending; i++) {
      const dice = this.random();
      if (dice < 0.55) await this.#converse(`soak-${name}-${i}`);
      else if (dice < 0.62) await this.#batch(`soak-${name}-${i}`);
      else if (dice < 0.75) await this.#probe(`probe-${name}-${i}`);
      else await this.#look();
      await new Promise((resolve) => setTimeout(resolve, 5 + this.random() * 40));
    }
  }

  /** One to three turns of a conversation. */
  async #converse(id: string): Promise<void> {
    const turns = 1 + Math.floor(this.random() * 3);
    for (let turn = 0; turn < turns; turn++) {
      const body = this.#message(id);
      const key = { "idempotency-key": `${id}-${turn}` };
      if (await this.#ask("POST", "/conversations/queue", body, key)) this.#count(id);
    }
  }

  async #batch(id: string): Promise<void> {
    const ids = Array.from({ length: 10 }, (_, i) => `${id}-${i}`);
    const body = { batch_id: id, conversations: ids.map((each) => this.#message(each)) };
    if (await this.#ask("POST", "/conversations/batch", body)) ids.forEach((id) => this.#count(id));
  }

  /** A turn whose answer is waited for, to see how long that takes. */
  async #probe(id: string): Promise<void> {
    const started = performance.now();
    const headers = { prefer: "wait=20", "idempotency-key": id };
    const body = this.#message(id);
    let tries = 0;
    if (!await this.#ask("POST", "/conversations/queue", body, headers, () => tries++)) return;
    this.#count(id);
    if (tries > 1 || this.latencies.length >= MAX_LATENCIES) return;
    const at = (started - this.startedAt) / 1_000;
    this.latencies.push({ at, ms: performance.now() - started });
  }

  async #look(): Promise<void> {
    const paths = [
      "/performance/summary",
      "/queues",
      "/tasks?limit=20",
      "/cache/stats",
      "/alerts",
      "/analytics/daily",
      "/health",
      "/performance/history",
      "/tasks/active",
    ];
    await this.#ask("GET", paths[Math.floor(this.random() * paths.length)]!);
  }

  #message(conversation_id: string) {
    const user_message = QUESTIONS[Math.floor(this.random() * QUESTIONS.length)]!;
    return { conversation_id, bot_id: "soak", user_message };
  }

  #count(id: string): void {
    this.turns.set(id, (this.turns.get(id) ?? 0) + 1);
  }

  /** Asks until there is an answer; false when it is a refusal. */
  async #ask(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
    onTry: () => void = () => {},
  ): Promise<boolean> {
    for (;;) {
      this.requests++;
      onTry();
      try {
        const { status } = await this.service.request(method, path, body, headers);
        if (status < 500) return status === 200;
        if (status !== 503 && this.faults.length < 100) {
          this.faults.push(`${method} ${path} ${status}`);
        }
      } catch {
        // The service is being killed or started: the same request again, later.
      }
      if (method === "GET") return false;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}
