import { LatencyHistogram } from "./latency.ts";

const MAX_NAMESPACES = 100;
/** Where namespaces are counted once there are too many to tell apart. */
const OTHER_NAMESPACES = "(other)";

/** What was counted for one namespace. Entries in the process hold on to it: a hit costs one step. */
export class NamespaceCounts {
  processHits = 0;
  redisHits = 0;
  /** Answered with a value past its time, on purpose. Part of the hits. */
  staleHits = 0;
  misses = 0;
  fills = 0;
  refusals = 0;
  bytesSaved = 0;
  tokensSaved = 0;
  costMicrosSaved = 0;
  similarReuses = 0;
  readonly processLatency = new LatencyHistogram();
  readonly redisLatency = new LatencyHistogram();
  readonly fillLatency = new LatencyHistogram();

  constructor(readonly name: string) {}

  get hits(): number {
    return this.processHits + this.redisHits;
  }
}

/** The counts of all namespaces, of which there are a limited number. */
export class NamespaceTable {
  readonly #rows = new Map<string, NamespaceCounts>();

  of(name: string): NamespaceCounts {
    const known = this.#rows.get(name);
    if (known) return known;
    const place = this.#rows.size < MAX_NAMESPACES ? name : OTHER_NAMESPACES;
    let counts = this.#rows.get(place);
    if (!counts) this.#rows.set(place, counts = new NamespaceCounts(place));
    return counts;
  }

  values(): Iterable<NamespaceCounts> {
    return this.#rows.values();
  }

  get(name: string): NamespaceCounts | undefined {
    return this.#rows.get(name);
  }
}
