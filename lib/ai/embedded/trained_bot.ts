import { train } from "./calibration.ts";
import type { ClassifierData } from "./classifier.ts";
import { atOnce, type Slices } from "./training.ts";
import { indexTopics, type Taught, type TopicIndex } from "./topic_index.ts";

/** All that is computed from a bot before it can answer. Flat arrays: cheap to move and to store. */
export interface TrainedBot {
  index: TopicIndex;
  classifier: ClassifierData;
}

/** Reads and trains a bot; takes seconds for a large one. */
export function trainBot(bot: Taught): TrainedBot {
  return atOnce(trainInSlices(bot));
}

/** `trainBot` in slices of a few milliseconds, for where there is no thread to do it in. */
export function* trainInSlices(bot: Taught): Slices<TrainedBot> {
  const { index, set } = indexTopics(bot);
  yield;
  return { index, classifier: yield* train(set) };
}

type Flat = Uint32Array | Int32Array | Uint16Array | Float32Array;
const KINDS = { Uint32Array, Int32Array, Uint16Array, Float32Array };
const MAGIC = 0x504d4f44;
/** Of the file's layout and of what is in it; a file of another version is not read. */
const FORMAT = 1;

/** Bytes held by the arrays. */
export function bytesOf(trained: TrainedBot): number {
  let bytes = 0;
  JSON.stringify(trained, (_, value) => {
    if (!ArrayBuffer.isView(value)) return value;
    bytes += value.byteLength;
  });
  return bytes;
}

/** A trained bot as bytes: a header in JSON, then its arrays, each at a multiple of four. */
export function packTrained(trained: TrainedBot): Uint8Array<ArrayBuffer> {
  const arrays: Flat[] = [];
  let at = 0;
  const header = new TextEncoder().encode(JSON.stringify(trained, (_, value) => {
    if (!ArrayBuffer.isView(value)) return value;
    const array = value as Flat;
    const place = { kind: array.constructor.name, at, length: array.length };
    arrays.push(array);
    at += aligned(array.byteLength);
    return place;
  }));
  const start = 16 + aligned(header.length);
  const bytes = new Uint8Array(start + at);
  new Uint32Array(bytes.buffer, 0, 4).set([MAGIC, FORMAT, header.length, bytes.length]);
  bytes.set(header, 16);
  let next = start;
  for (const array of arrays) {
    bytes.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), next);
    next += aligned(array.byteLength);
  }
  return bytes;
}

/** The trained bot of `packTrained`'s bytes, or null where they are none, or not whole. */
export function unpackTrained(bytes: Uint8Array): TrainedBot | null {
  if (bytes.length < 16 || bytes.byteOffset % 4 !== 0) return null;
  const [magic, format, headerLength, length] = new Uint32Array(bytes.buffer, bytes.byteOffset, 4);
  if (magic !== MAGIC || format !== FORMAT || length !== bytes.length) return null;
  const start = bytes.byteOffset + 16 + aligned(headerLength!);
  try {
    const header = new TextDecoder().decode(bytes.subarray(16, 16 + headerLength!));
    return JSON.parse(header, (_, value) => {
      const Kind = KINDS[value?.kind as keyof typeof KINDS];
      return Kind ? new Kind(bytes.buffer as ArrayBuffer, start + value.at, value.length) : value;
    });
  } catch {
    return null;
  }
}

const aligned = (length: number): number => (length + 3) & ~3;
