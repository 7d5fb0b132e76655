/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />
import { packTrained, trainBot } from "./trained_bot.ts";
import type { Taught } from "./topic_index.ts";

/** Trains one bot after another and hands the result over, packed, without copying it. */
export type TrainingRequest = { id: number; bot: Taught };
export type TrainingResult =
  | { id: number; packed: Uint8Array<ArrayBuffer> }
  | { id: number; error: string };

self.onmessage = ({ data: { id, bot } }: MessageEvent<TrainingRequest>) => {
  try {
    const packed = packTrained(trainBot(bot));
    self.postMessage({ id, packed } satisfies TrainingResult, [packed.buffer]);
  } catch (thrown) {
    const error = thrown instanceof Error ? thrown.message : String(thrown);
    self.postMessage({ id, error } satisfies TrainingResult);
  }
};
