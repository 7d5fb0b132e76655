import { seededRandom } from "../../lib/cli/demo/random.ts";

const BOTS = 24;
const USERS = 108;
const DAYS = 15;
const START = Date.parse("2020-05-12T08:00:00Z");
const DAY_MS = 86_400_000;
const WORDS = ("the a is there table for two tonight please book at seven thanks what time does " +
  "bus leave from my account balance would you like anything else doctor appointment morning")
  .split(" ");

/** Finished conversations as lines of the import format, the same every time. */
export function* conversationLines(count: number): Generator<string> {
  const random = seededRandom(11);
  for (let n = 0; n < count; n++) {
    const at = START + Math.floor(n / count * DAYS * DAY_MS);
    const bot = random.between(1, BOTS);
    const messages = Array.from({ length: random.between(10, 25) }, (_, i) => ({
      role: i % 2 ? "assistant" : "user",
      content: Array.from({ length: random.between(3, 14) }, () => random.pick(WORDS)).join(" "),
      at: new Date(at + i * 20_000).toISOString().replace(".000", ""),
    }));
    const line = {
      conversation_id: `star-${n}`,
      user_id: `0c6e74b2-9e12-4a4d-888e-${String(random.between(1, USERS)).padStart(12, "0")}`,
      bot_id: `bot_${bot}`,
      bot_name: `Bot ${bot}`,
      status: "completed",
      satisfaction_score: random.chance(0.7) ? random.between(1, 5) : null,
      messages,
    };
    yield JSON.stringify(line) + "\n";
  }
}
