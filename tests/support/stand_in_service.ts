/**
 * An HTTP server that speaks as much of the API as the command line uses, and fails on demand in
 * ways that the real service cannot be made to: for tests of how the command line copes.
 */
export interface StandIn extends AsyncDisposable {
  url: string;
  /** Messages that were really asked, by conversation, in order. */
  asked: Map<string, string[]>;
  /** Every request, as method and path. */
  requests: string[];
  /** Lines of the last import, and the content encoding it came with. */
  imported: { lines: string[]; encoding: string | null };
  /** How many conversations were being answered at once, at most. */
  mostAtOnce: number;
  /** Decides, when set, what happens to a request before it is looked at. */
  trouble: ((request: Request, count: number) => Trouble | undefined) | null;
  /** Makes a reply; by default one that has a source. */
  reply: (message: string) => { response: string; source: string };
  /** Answers to `POST /conversations/queue` carry no result, as when the wait was too short. */
  lateAnswers: boolean;
}

/** A status to answer with instead, or: do the work but lose the answer. */
export type Trouble = { status: number; retryAfter?: number } | "lose the answer";

export const STAND_IN_TOKEN = "stand-in-token-0123";

interface Turn {
  conversation_id: string;
  bot_id: string;
  user_message: string;
}

/** Starts one on a free port; it takes this token only. */
export function startStandIn(token = STAND_IN_TOKEN): StandIn {
  const turns = new Map<string, { task_id: string; result?: unknown; error?: unknown }>();
  const latest = new Map<string, string>();
  let atOnce = 0;
  const standIn: StandIn = {
    url: "",
    asked: new Map(),
    requests: [],
    imported: { lines: [], encoding: null },
    mostAtOnce: 0,
    trouble: null,
    reply: () => ({ response: "Yes.", source: "knowledge" }),
    lateAnswers: false,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };

  const answer = (turn: Turn, key: string) => {
    const known = turns.get(key);
    if (known) return known;
    const asked = standIn.asked.get(turn.conversation_id) ?? [];
    standIn.asked.set(turn.conversation_id, [...asked, turn.user_message]);
    const reply = standIn.reply(turn.user_message);
    const task = `task-${turns.size + 1}`;
    const result = { ...reply, processed_at: new Date().toISOString() };
    const done = reply.source === "fail"
      ? { task_id: task, error: { code: "responder", message: reply.response } }
      : { task_id: task, result };
    turns.set(key, done);
    latest.set(turn.conversation_id, key);
    return done;
  };
  const statusOf = (id: string) => {
    const turn = turns.get(latest.get(id) ?? "");
    if (!turn) return problem(404);
    const status = turn.error ? "failed" : "completed";
    return ok({ conversation_status: { conversation_id: id, ...turn, status } });
  };
  const route = async (request: Request, path: string): Promise<Response> => {
    if (request.headers.get("authorization") !== `Bearer ${token}`) return problem(401);
    if (path === "/conversations/queue") {
      standIn.mostAtOnce = Math.max(standIn.mostAtOnce, ++atOnce);
      try {
        const turn = await request.json() as Turn;
        if (turn.user_message.includes("unacceptable")) return problem(422);
        const { task_id, result } = answer(turn, request.headers.get("idempotency-key") ?? "");
        await new Promise((resolve) => setTimeout(resolve, 1));
        return ok({ task_id, ...(standIn.lateAnswers || !result ? {} : { result }) });
      } finally {
        atOnce--;
      }
    }
    if (path === "/conversations/import") {
      const encoding = request.headers.get("content-encoding");
      const body = encoding === "gzip"
        ? request.body!.pipeThrough(new DecompressionStream("gzip"))
        : request.body!;
      const lines = (await new Response(body).text()).split("\n").filter(Boolean);
      standIn.imported = { lines, encoding };
      const rejected = lines.flatMap((line, index) =>
        line.startsWith("{") ? [] : [{ line: index + 1, message: "is no JSON" }]
      );
      return ok({
        imported: lines.length - rejected.length,
        skipped: 0,
        rejected,
        rejected_count: rejected.length,
      });
    }
    const status = /^\/conversations\/([^/]+)\/status$/.exec(path);
    if (status) return statusOf(decodeURIComponent(status[1]!));
    const task = /^\/tasks\/([^/]+)$/.exec(path);
    if (task) {
      const turn = [...turns.values()].find((candidate) => candidate.task_id === task[1]);
      if (!turn) return problem(404);
      return ok({ task_status: { ...turn, status: turn.error ? "failed" : "completed" } });
    }
    await request.body?.cancel();
    if (path === "/sessions/link") return ok({ path: "/sign-in?code=once" });
    return ok({});
  };
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    const path = new URL(request.url).pathname.replace("/api/performance", "");
    standIn.requests.push(`${request.method} ${path}`);
    const trouble = standIn.trouble?.(request, standIn.requests.length);
    if (trouble && trouble !== "lose the answer") {
      await request.body?.cancel();
      return problem(trouble.status, trouble.retryAfter);
    }
    const response = await route(request, path);
    return trouble ? problem(503, 0) : response;
  });
  standIn.url = `http://127.0.0.1:${server.addr.port}`;
  return standIn;
}

function ok(body: object): Response {
  return Response.json({ status: "success", ...body, timestamp: new Date().toISOString() });
}

function problem(status: number, retryAfter?: number): Response {
  const body = { title: "trouble", status, detail: `asked for trouble ${status}` };
  const headers = new Headers({ "content-type": "application/problem+json" });
  if (retryAfter !== undefined) headers.set("retry-after", String(retryAfter));
  return new Response(JSON.stringify(body), { status, headers });
}
