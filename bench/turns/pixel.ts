import { startService } from "../service.ts";
import { requestText } from "./connections.ts";
import {
  BOT,
  BOT_ID,
  nextQuestion,
  portOf,
  type Responder,
  type Subject,
  TURNS_AT_ONCE,
} from "./subject.ts";

const API = "/api/performance";
/** The service as `deno task start` runs it, its rate limit off; `backlog` turns may wait. */
export async function startPixel(
  _responder: Responder,
  model: string | null,
  backlog: number,
): Promise<Subject> {
  const server = await startService({
    RATE_LIMIT_PER_SECOND: "0",
    BACKLOG_LIMIT: String(backlog),
    CONCURRENCY_CONVERSATIONS: String(TURNS_AT_ONCE),
    LOG_LEVEL: "error",
    ...(model ? { AI_BASE_URL: model, AI_MODEL: "stub" } : {}),
  });
  const { token } = server;
  const headers = { authorization: `Bearer ${token}` };
  await prepareBot(server.url, headers);
  const cookie = await signIn(server.url, token);
  const turn = (id: string, high: boolean, more: Record<string, string>) =>
    requestText(
      "POST",
      `${API}/conversations/queue${high ? "/priority" : ""}`,
      { ...headers, ...more },
      { conversation_id: id, user_message: nextQuestion(), bot_id: BOT_ID, user_id: `user ${id}` },
    );
  return {
    name: "pixel",
    address: { hostname: "127.0.0.1", port: portOf(server) },
    pids: [server.pid],
    folder: server.folder,
    queue: (id, high = false) => turn(id, high, {}),
    ask: (id, high = false) => turn(id, high, { prefer: "wait=25" }),
    status: (id) => requestText("GET", `${API}/conversations/${id}/status`, headers),
    answeredAt(body) {
      const { conversation_status: status, result } = JSON.parse(body);
      const ended = result?.processed_at ??
        (status?.status === "completed" ? status.completed_at : null);
      return ended ? Date.parse(ended) : null;
    },
    dashboard: [
      requestText("GET", "/", { cookie, accept: "text/html" }),
      requestText("GET", `${API}/performance/summary`, headers),
    ],
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

async function prepareBot(url: string, headers: Record<string, string>): Promise<void> {
  const path = `${url}${API}/bots/${BOT_ID}`;
  const put = await fetch(path, {
    method: "PUT",
    headers: { ...headers, "content-type": "application/json" },
    body: JSON.stringify(BOT),
  });
  if (!put.ok) throw new Error(`the bot was refused: ${await put.text()}`);
  await put.body?.cancel();
  for (let attempt = 0; attempt < 600; attempt++) {
    const { bot } = await (await fetch(path, { headers })).json();
    if (bot.classifier.status === "ready" || bot.classifier.status === "none") return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("the bot is not trained after 30 s");
}

async function signIn(url: string, token: string): Promise<string> {
  const response = await fetch(`${url}/sign-in`, {
    method: "POST",
    headers: { origin: url },
    body: new URLSearchParams({ token }),
    redirect: "manual",
  });
  await response.body?.cancel();
  const cookies = response.headers.getSetCookie().map((cookie) => cookie.split(";")[0]!);
  if (cookies.length === 0) throw new Error(`signing in was answered with ${response.status}`);
  return cookies.join("; ");
}
