import assert from "node:assert/strict";
import fc from "fast-check";
import { ResponderError } from "../../lib/ai/responder.ts";
import { readLiveMetrics, readOutcomes } from "../../lib/analytics/live.ts";
import { Reports } from "../../lib/analytics/reports.ts";
import { UserMonths } from "../../lib/analytics/user_months.ts";
import { FakeClock } from "../../lib/clock.ts";
import { cleanUpConversations } from "../../lib/conversations/archive.ts";
import { sweepPending } from "../../lib/conversations/sweep.ts";
import { AppError } from "../../lib/errors.ts";
import { type Desk, echo, openDesk, turn } from "../support/conversations.ts";

type Command =
  | { type: "submit"; id: number; fails: boolean; priority: number }
  | { type: "batch"; ids: number[]; fails: boolean }
  | { type: "cancel" | "retry"; pick: number }
  | { type: "score"; id: number; score: number }
  | { type: "import"; ids: number[] }
  | { type: "settle" }
  | { type: "archive" | "delete" }
  | { type: "sweep" };

const id = fc.nat({ max: 5 });
const pick = fc.nat({ max: 1_000 });
const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      type: fc.constant("submit"),
      id,
      fails: fc.boolean(),
      priority: fc.nat({ max: 9 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant("batch"),
      ids: fc.array(id, { minLength: 1, maxLength: 6 }),
      fails: fc.boolean(),
    }),
  },
  { weight: 4, arbitrary: fc.record({ type: fc.constantFrom("cancel", "retry"), pick }) },
  {
    weight: 2,
    arbitrary: fc.record({ type: fc.constant("score"), id, score: fc.integer({ min: 1, max: 5 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant("import"),
      ids: fc.array(id, { minLength: 1, maxLength: 4 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ type: fc.constantFrom("settle", "sweep") }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constantFrom("archive", "delete") }) },
) as fc.Arbitrary<Command>;

interface ModelTurn {
  taskId: string;
  message: string;
  /** Undefined until it is known how the turn ended. */
  outcome?: "completed" | "failed" | "cancelled";
}

interface ModelConversation {
  imported: boolean;
  turns: ModelTurn[];
}

/** What should be, kept in the plainest way. */
class Model {
  readonly conversations = new Map<string, ModelConversation>();
  readonly tasks = new Map<string, { conversation: ModelConversation; turn: ModelTurn }>();
  readonly deleted = new Set<string>();
  /** Of deleted conversations, whose figures stay. */
  readonly gone: ModelConversation[] = [];
  readonly turns = { completed: 0, failed: 0, cancelled: 0 };
  replies = 0;

  submitted(id: string, taskId: string, message: string): void {
    const conversation = this.conversations.get(id) ?? { imported: false, turns: [] };
    const turn = { taskId, message };
    conversation.turns.push(turn);
    this.conversations.set(id, conversation);
    this.tasks.set(taskId, { conversation, turn });
  }

  /** Every turn whose end is not known yet has run to it. */
  settled(): void {
    for (const { turn } of this.tasks.values()) {
      if (turn.outcome) continue;
      turn.outcome = turn.message.includes("bad") ? "failed" : "completed";
      this.turns[turn.outcome]++;
      if (turn.outcome === "completed") this.replies++;
    }
  }

  everStarted(): ModelConversation[] {
    return [...this.conversations.values(), ...this.gone];
  }

  live(): Record<string, number> {
    const counts: Record<string, number> = { total: 0, completed: 0, failed: 0, cancelled: 0 };
    for (const { imported, turns } of this.everStarted()) {
      if (imported) continue;
      counts.total!++;
      counts[turns.at(-1)!.outcome!]!++;
    }
    return counts;
  }
}

const NOW = Date.parse("2026-03-10T12:00:00Z");
const DAY_MS = 86_400_000;
const AT = "2026-03-10T09:00:00Z";

class World {
  readonly model = new Model();
  #count = 0;

  private constructor(readonly desk: Desk) {}

  static async open(): Promise<World> {
    const clock = new FakeClock(NOW);
    const desk = await openDesk({
      clock,
      answer(request) {
        if (!request.message.includes("bad")) return echo(request);
        throw new ResponderError({ retryable: false, reason: "no answer" });
      },
    });
    return new World(desk);
  }

  /** Runs commands at the same time, except those that everything must wait for. */
  async run(commands: Command[]): Promise<void> {
    let together: Promise<void>[] = [];
    for (const c of commands) {
      const alone = ["settle", "archive", "delete", "import", "retry"].includes(c.type);
      if (alone) {
        await Promise.all(together);
        together = [];
      }
      const work = this.#do(c);
      if (alone) await work;
      else together.push(work);
    }
    await Promise.all(together);
    await this.#settle();
  }

  async #do(c: Command): Promise<void> {
    const { conversations, engine } = this.desk;
    const text = (fails: boolean) => `${fails ? "bad" : "good"} ${this.#count++}`;
    switch (c.type) {
      case "submit": {
        const message = text(c.fails);
        const over = { conversationId: `c${c.id}`, userMessage: message, priority: c.priority };
        const { taskId } = await conversations.submit(turn(over));
        return this.model.submitted(over.conversationId, taskId, message);
      }
      case "batch": {
        const items = c.ids.map((n) =>
          turn({ conversationId: `c${n}`, userMessage: text(c.fails) })
        );
        const { taskIds } = await conversations.submitBatch(undefined, items);
        taskIds.forEach((taskId, i) =>
          this.model.submitted(items[i]!.conversationId, taskId, items[i]!.userMessage)
        );
        return;
      }
      case "cancel": {
        const task = this.#picked(c.pick);
        if (!task) return;
        try {
          await engine.cancel(task.turn.taskId, "test");
        } catch (error) {
          return assert.equal((error as AppError).code, "conflict");
        }
        task.turn.outcome = "cancelled";
        this.model.turns.cancelled++;
        return;
      }
      case "retry": {
        await this.#settle();
        const task = this.#picked(c.pick);
        const ended = task?.turn.outcome;
        if (!task || ended === "completed" || this.model.gone.includes(task.conversation)) return;
        if (!this.#texts.has(task.turn)) return;
        await engine.retry(task.turn.taskId);
        delete task.turn.outcome;
        return;
      }
      case "score": {
        try {
          await conversations.feedback(`c${c.id}`, c.score);
        } catch (error) {
          assert.equal((error as AppError).code, "not_found");
        }
        return;
      }
      case "import": {
        const lines = c.ids.map((n) =>
          JSON.stringify({
            conversation_id: `c${n}`,
            user_id: "ada",
            bot_id: "shop",
            status: "completed",
            messages: [{ role: "user", content: "imported", at: AT }],
          })
        );
        const expected = new Set(
          c.ids.map((n) => `c${n}`).filter((id) =>
            !this.model.conversations.has(id) && !this.model.deleted.has(id)
          ),
        );
        const result = await conversations.importStream(new Blob([lines.join("\n")]).stream());
        assert.deepEqual([result.imported, result.skipped], [
          expected.size,
          lines.length - expected.size,
        ]);
        for (const id of expected) this.model.conversations.set(id, { imported: true, turns: [] });
        return;
      }
      case "sweep":
        return void assert.equal(await sweepPending(this.desk.conversations.deps), 0);
      case "settle":
        return await this.#settle();
      case "archive":
      case "delete": {
        await this.#settle();
        await cleanUpConversations({
          db: this.desk.db,
          clock: new FakeClock(NOW + 2 * DAY_MS),
          ledger: this.desk.recorder,
          archiveAfterDays: c.type === "archive" ? 1 : 0,
          deleteAfterDays: c.type === "delete" ? 1 : 0,
          limit: 1_000,
          signal: new AbortController().signal,
          progress: () => {},
        });
        this.#texts.clear();
        if (c.type === "archive") return;
        for (const [id, conversation] of this.model.conversations) {
          this.model.deleted.add(id);
          this.model.gone.push(conversation);
        }
        this.model.conversations.clear();
      }
    }
  }

  /** Turns whose texts are in place, so that they may be tried again. */
  readonly #texts = new Set<ModelTurn>();

  #picked(pick: number) {
    const tasks = [...this.model.tasks.values()];
    return tasks[pick % Math.max(1, tasks.length)];
  }

  async #settle(): Promise<void> {
    const open = [...this.model.tasks.values()].filter(({ turn }) => !turn.outcome);
    await this.desk.ended(...open.map(({ turn }) => turn.taskId));
    this.model.settled();
    for (const { turn } of open) this.#texts.add(turn);
    // Which of two posts at the same moment came first is for the store to say.
    for (const [id, { turns }] of this.model.conversations) {
      const { messages } = (await this.desk.conversations.get(id))!;
      const order = messages.filter((m) => m.role === "user").map((m) => m.taskId);
      turns.sort((a, b) => order.indexOf(a.taskId) - order.indexOf(b.taskId));
    }
  }

  async compare(): Promise<void> {
    const { desk, model } = this;
    const live = await readLiveMetrics(desk.db.kv);
    const expected = model.live();
    assert.equal(live.pending, 0);
    assert.equal(live.total, expected.total);
    assert.equal(live.completed, expected.completed);
    assert.equal(live.cancelled, expected.cancelled);
    assert.equal(live.failed, expected.failed! + expected.cancelled!);
    assert.deepEqual(await readOutcomes(desk.db.kv, NOW - DAY_MS, NOW + DAY_MS), model.turns);

    const reports = new Reports({
      db: desk.db,
      clock: new FakeClock(NOW + 3 * DAY_MS),
      users: new UserMonths(desk.db.kv),
      samples: { average: () => Promise.resolve({ cpu: null, memory: null, reports: 0 }) },
      names: { nameOf: () => Promise.resolve(undefined) },
    });
    const { conversation_analytics: figures } = await reports.daily("2026-03-10") as unknown as {
      conversation_analytics: {
        total_conversations: number;
        average_conversation_length: number | null;
      };
    };
    const ever = model.everStarted();
    assert.equal(figures.total_conversations, ever.length);
    const messages = model.replies +
      ever.reduce((sum, c) => sum + c.turns.length + (c.imported ? 1 : 0), 0);
    const length = ever.length === 0 ? null : Math.round(messages / ever.length * 100) / 100;
    assert.equal(figures.average_conversation_length, length);

    for (const [id, conversation] of model.conversations) {
      const view = (await desk.conversations.get(id))!;
      assert.equal(view.waiting, 0);
      const last = conversation.turns.at(-1);
      const status = last ? last.outcome === "completed" ? "completed" : "failed" : "completed";
      assert.equal(view.status, status);
      assert.equal((await desk.conversations.status(id))!.status, status);
      assert.equal(view.turns, conversation.turns.length);
      // Posts at the same moment stand in the order of their commits, which the tasks' order is not.
      const contents = conversation.turns.flatMap(({ message, outcome }) =>
        outcome === "completed" ? [message, `re: ${message}`] : [message]
      );
      if (conversation.imported) contents.push("imported");
      assert.deepEqual(view.messages.map((m) => m.content).toSorted(), contents.toSorted());
      view.messages.forEach((message, i) => {
        if (message.role !== "assistant") return;
        assert.equal(message.content, `re: ${view.messages[i - 1]!.content}`);
      });
    }
    for (const id of model.deleted) {
      if (!model.conversations.has(id)) assert.equal(await desk.conversations.get(id), null);
    }
  }
}

Deno.test(
  "after any commands, at the same time and in any order, conversations and their figures are as they should be",
  {
    sanitizeOps: true,
    sanitizeResources: true,
  },
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(command, { minLength: 1, maxLength: 40 }), async (commands) => {
        const world = await World.open();
        await using _desk = world.desk;
        await world.run(commands);
        await world.compare();
      }),
      { numRuns: 150, interruptAfterTimeLimit: 40_000 },
    );
  },
);
