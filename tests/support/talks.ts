import assert from "node:assert/strict";
import * as analytics from "../../lib/wire/schemas/analytics.ts";
import * as conversations from "../../lib/wire/schemas/conversations.ts";
import * as queues from "../../lib/wire/schemas/queues.ts";
import { caller } from "./contract.ts";
import { startOpenAIServer } from "./openai_server.ts";
import { randomFor } from "./randomness.ts";
import { assertRecounts } from "./recount.ts";
import { type ServiceOptions, TestService } from "./service.ts";

const BATCH = 1_000;

/** Conversations of some turns each, with a model that answers what it was asked, so that all of it can be told. */
export class Talks {
  constructor(readonly count: number, readonly turnsEach: number) {}

  get turns(): number {
    return this.count * this.turnsEach;
  }

  idOf(talk: number): string {
    return `talk/${talk}`;
  }

  asked(talk: number): string[] {
    return Array.from({ length: this.turnsEach }, (_, n) => `${talk}: ${n}`);
  }

  /** Queues all turns in batches; those that are there already stay as they are. */
  async queue(service: TestService): Promise<void> {
    const turns = Array.from({ length: this.turns }, (_, n) => ({
      conversation_id: this.idOf(n % this.count),
      bot_id: "bot",
      user_id: `user-${n % this.count}`,
      user_message: this.asked(n % this.count)[Math.floor(n / this.count)]!,
    }));
    for (let from = 0; from < turns.length; from += BATCH) {
      await caller(service)(conversations.BatchQueued, "POST", "/conversations/batch", {
        batch_id: this.batchId(from),
        conversations: turns.slice(from, from + BATCH),
      });
    }
  }

  /** Waits until the last turn of each conversation has its answer. */
  async answered(service: TestService): Promise<void> {
    for (let talk = 0; talk < this.count; talk++) {
      const path = `/conversations/${encodeURIComponent(this.idOf(talk))}/status?wait=25`;
      for (;;) {
        const { conversation_status } = await caller(service)(
          conversations.ConversationStatus,
          "GET",
          path,
        );
        if (conversation_status.status === "completed") break;
      }
    }
  }

  /** Every batch says that all of its turns were answered. */
  async assertBatches(service: TestService): Promise<void> {
    for (let from = 0; from < this.turns; from += BATCH) {
      const { batch_status } = await caller(service)(
        conversations.BatchStatus,
        "GET",
        `/conversations/batch/${this.batchId(from)}/status`,
      );
      assert.equal(batch_status.status, "completed");
      assert.equal(batch_status.completed, Math.min(BATCH, this.turns - from));
    }
  }

  /** Every turn has one answer, its own, in order; and every figure says so. */
  async assertAnsweredOnce(service: TestService): Promise<void> {
    const call = caller(service);
    const days = new Set<string>();
    for (let talk = 0; talk < this.count; talk++) {
      const { conversation } = await call(
        conversations.ConversationAnswer,
        "GET",
        `/conversations/${encodeURIComponent(this.idOf(talk))}`,
      );
      assert.deepEqual(
        conversation.messages.map(({ role, content }) => [role, content]),
        this.asked(talk).flatMap((text) => [["user", text], ["assistant", `You said: ${text}`]]),
      );
      assert.equal(conversation.status, "completed");
      days.add(conversation.started_at.slice(0, 10));
    }
    const { metrics } = await call(conversations.MetricsAnswer, "GET", "/conversations/metrics");
    assert.equal(metrics.total_conversations, this.count);
    assert.deepEqual(metrics.status_breakdown, {
      pending: 0,
      processing: 0,
      completed: this.count,
      failed: 0,
    });
    let talks = 0;
    for (const day of days) {
      const { analytics: report } = await call(
        analytics.DailyAnswer,
        "GET",
        `/analytics/daily?date=${day}`,
      );
      const { total_conversations, average_conversation_length } = report.conversation_analytics;
      talks += total_conversations;
      assert.equal(average_conversation_length, 2 * this.turnsEach);
    }
    assert.equal(talks, this.count);
    assert.equal((await assertRecounts(service)).conversations, this.count);
    const { queues: rows } = await call(queues.QueueList, "GET", "/queues");
    const { by_status } = rows.find(({ name }) => name === "conversations")!.depth;
    assert.equal(by_status.completed, this.turns, "one task for each turn");
    for (const status of ["queued", "running", "retrying", "failed"]) {
      assert.equal(by_status[status] ?? 0, 0, status);
    }
  }

  private batchId(from: number): string {
    return `from-${from}`;
  }
}

/** A service that asks a model which takes some milliseconds, so that a fault finds work under way. */
export async function withModel(
  test: string,
  run: (service: TestService, model: ReturnType<typeof startOpenAIServer>) => Promise<void>,
  options: ServiceOptions = {},
): Promise<void> {
  const random = randomFor(test);
  await using model = startOpenAIServer(() => ({ delayMs: random.between(1, 30) }));
  await using service = await TestService.start({
    ...options,
    env: { AI_BASE_URL: model.baseUrl, AI_MODEL: "test" },
  });
  await run(service, model);
}
