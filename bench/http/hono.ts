/**
 * What the service is compared with, each the least of its kind in Hono on Deno.serve: a constant
 * answer, the very answer of the service to a caller with the right token, and a turn that is
 * checked and stored in Deno KV before it is answered, without numbers, indexes or a way to work it off.
 */
import { Hono } from "hono";
import { z } from "zod";

/** By environment, as JSON. */
export interface BareSetup {
  port: number;
  token: string;
  /** What `GET /same` answers. */
  answer: { body: string; headers: Record<string, string> };
  /** File of the database. */
  database: string;
}

const Turn = z.object({
  conversation_id: z.string().min(1).max(200),
  user_message: z.string().min(1).max(32_000),
  bot_id: z.string().min(1).max(200),
  user_id: z.string().min(1).max(200),
});

const { port, token, answer, database }: BareSetup = JSON.parse(Deno.env.get("BENCH_SETUP")!);
const bearer = `Bearer ${token}`;
const kv = await Deno.openKv(database);
const app = new Hono();

app.get("/", (c) => c.text("ok\n"));

app.use("/same", async (c, next) => {
  if (c.req.header("authorization") !== bearer) return c.text("no\n", 401);
  await next();
});
app.get("/same", () => new Response(answer.body, { headers: answer.headers }));

app.post("/queue", async (c) => {
  if (c.req.header("authorization") !== bearer) return c.text("no\n", 401);
  const turn = Turn.parse(await c.req.json());
  const key = ["conversation", turn.conversation_id];
  const before = await kv.get(key);
  const taskId = crypto.randomUUID();
  const at = Date.now();
  const { ok } = await kv.atomic()
    .check(before)
    .set(key, { bot: turn.bot_id, user: turn.user_id, turns: 1, status: "pending", at })
    .set(["turn", turn.conversation_id, 1], { taskId, message: turn.user_message, at })
    .set(["task", taskId], { state: "available", conversation: turn.conversation_id, at })
    .commit();
  return ok ? c.json({ status: "success", task_id: taskId }) : c.text("again\n", 409);
});

Deno.serve({ port, hostname: "127.0.0.1", onListen() {} }, app.fetch);
