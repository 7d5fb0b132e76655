/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />
import { train } from "./calibration.ts";
import type { ClassifierData } from "./classifier.ts";
import type { TrainingSet } from "./training.ts";

/** Trains one set after another and hands the result over without copying it. */
export type TrainingRequest = { id: number; set: TrainingSet };
export type TrainingResult =
  | { id: number; data: ClassifierData }
  | { id: number; error: string };

self.onmessage = ({ data: { id, set } }: MessageEvent<TrainingRequest>) => {
  try {
    const data = train(set);
    const { keys, slots, idf } = data.vocabulary;
    const buffers = [
      keys,
      slots,
      idf,
      data.offsets,
      data.classOf,
      data.weights,
      data.bias,
      data.sizes,
    ].map((array) => array.buffer as ArrayBuffer);
    self.postMessage({ id, data } satisfies TrainingResult, buffers);
  } catch (thrown) {
    const error = thrown instanceof Error ? thrown.message : String(thrown);
    self.postMessage({ id, error } satisfies TrainingResult);
  }
};
