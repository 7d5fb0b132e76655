/** The least that Hono on Deno.serve can answer: what every request of the service costs beyond. */
import { Hono } from "hono";

const app = new Hono();
app.get("/", (c) => c.text("ok\n"));
Deno.serve({ port: Number(Deno.args[0]), hostname: "127.0.0.1", onListen() {} }, app.fetch);
