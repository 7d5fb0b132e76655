/** `model_stub.ts PORT`: an OpenAI-compatible model that takes 200 ms for every answer. */
const DELAY_MS = 200;
const CONTENT = "The shop is open from nine to six, on Saturdays until four.";
const USAGE = { prompt_tokens: 60, completion_tokens: 14, total_tokens: 74 };

const event = (data: unknown) => `data: ${JSON.stringify(data)}\n\n`;
const delta = (content: string | null, finish_reason: string | null) =>
  event({
    id: "chatcmpl-1",
    object: "chat.completion.chunk",
    created: 0,
    model: "stub",
    choices: [{ index: 0, delta: content === null ? {} : { content }, finish_reason }],
  });
const STREAM = delta(CONTENT, null) + delta(null, "stop") +
  event({ id: "chatcmpl-1", choices: [], usage: USAGE }) + "data: [DONE]\n\n";
const WHOLE = JSON.stringify({
  id: "chatcmpl-1",
  object: "chat.completion",
  created: 0,
  model: "stub",
  choices: [{
    index: 0,
    message: { role: "assistant", content: CONTENT },
    finish_reason: "stop",
  }],
  usage: USAGE,
});

Deno.serve(
  { port: Number(Deno.args[0]), hostname: "127.0.0.1", onListen() {} },
  async (request) => {
    if (request.method === "GET") return new Response("ok");
    const { stream } = await request.json();
    await new Promise((resolve) => setTimeout(resolve, DELAY_MS));
    return new Response(stream ? STREAM : WHOLE, {
      headers: { "content-type": stream ? "text/event-stream" : "application/json" },
    });
  },
);
