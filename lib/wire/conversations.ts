/** Conversations as the API answers them; types only, so that no schema reaches the browser. */
import type { z } from "@hono/zod-openapi";
import type * as schema from "./schemas/conversations.ts";

/** `conversation` of GET /conversations/{id}. */
export type Conversation = schema.Conversation;
export type Message = Conversation["messages"][number];
/** An item of `conversations` in GET /conversations. */
export type ConversationRow = z.infer<typeof schema.ConversationRow>;
/** GET /conversations. */
export type ConversationPage = Omit<z.infer<typeof schema.ConversationList>, "status">;
/** What a waited-for turn was answered. */
export type TurnQueued = z.infer<typeof schema.TurnQueued>;
