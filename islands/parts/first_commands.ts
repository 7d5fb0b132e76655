import { FIRST as T } from "./texts.ts";

/** What to type for the first conversation: teaching a bot, then asking it. */
export function firstCommands(origin: string): { teach: string; ask: string } {
  const api = `${origin}/api/performance`;
  return {
    teach: `curl -X PUT ${api}/bots/helper \\
  -H "Authorization: Bearer $PIXEL_TOKEN" -H "Content-Type: application/json" \\
  -d '{"name": "${T.bot}", "knowledge": [{"question": "${T.question}",
       "answer": "${T.answer}"}]}'`,
    ask: `curl -X POST ${api}/conversations/queue \\
  -H "Authorization: Bearer $PIXEL_TOKEN" -H "Content-Type: application/json" \\
  -H "Prefer: wait=10" \\
  -d '{"conversation_id": "first", "bot_id": "helper",
       "user_message": "${T.question}"}'`,
  };
}
