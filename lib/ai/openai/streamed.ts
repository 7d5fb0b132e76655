import type { createOpenAICompatible } from "@ai-sdk/openai-compatible";

type Model = ReturnType<ReturnType<typeof createOpenAICompatible>["chatModel"]>;
type Generated = Awaited<ReturnType<Model["doGenerate"]>>;
type CallOptions = Parameters<Model["doStream"]>[0];

/** What a reply is made of, however it came. */
export type Answer = Pick<Generated, "usage" | "finishReason"> & { text: string };

/** What a provider says in place of the rest of a stream that had begun well. */
export class BrokenOff {
  constructor(readonly error: unknown) {}
}

/** Asks for a stream and tells each piece of text as it comes. Throws what the provider reports. */
export async function streamed(
  model: Model,
  options: CallOptions,
  onText: (text: string) => void,
): Promise<Answer> {
  const { stream } = await model.doStream(options);
  let text = "";
  let end: Pick<Answer, "usage" | "finishReason"> | undefined;
  for await (const part of stream) {
    if (part.type === "error") {
      throw part.error instanceof Error ? part.error : new BrokenOff(part.error);
    }
    if (part.type === "finish") end = { usage: part.usage, finishReason: part.finishReason };
    if (part.type !== "text-delta" || part.delta === "") continue;
    text += part.delta;
    onText(part.delta);
  }
  if (!end) throw new Error("the stream ended before the answer did");
  return { ...end, text };
}

/** Asks for the whole answer at once. */
export async function generated(model: Model, options: CallOptions): Promise<Answer> {
  const { content, usage, finishReason } = await model.doGenerate(options);
  return {
    usage,
    finishReason,
    text: content.map((part) => part.type === "text" ? part.text : "").join(""),
  };
}
