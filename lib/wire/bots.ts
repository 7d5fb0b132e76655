/** Bots as the API answers them; types only, so that no schema reaches the browser. */
import type { z } from "@hono/zod-openapi";
import type * as schema from "./schemas/bots.ts";

/** `bot` of GET /bots/{bot_id}. */
export type Bot = z.infer<typeof schema.Bot>;
/** The body of PUT /bots/{bot_id}. */
export type BotInput = schema.BotInput;
/** An item of `bots` in GET /bots. */
export type BotRow = z.infer<typeof schema.BotRow>;
/** GET /bots. */
export type BotPage = Omit<z.infer<typeof schema.BotList>, "status">;
