import type { Redis } from "ioredis";
import { messageOf } from "../errors.ts";
import type { ParsedAddress, RedisEndpoint } from "./redis_address.ts";
import { connectRedis, hangUp } from "./redis_connect.ts";

/** Nodes of a Cluster that are remembered beside those of the address. */
const MAX_LEARNT = 16;
const MAX_ASK_MS = 500;

export interface LocatorOptions {
  address: ParsedAddress;
  tlsCa?: string;
  connectTimeoutMs: number;
  /** A key of the slot that all keys of the cache are in. */
  slotKey: string;
}

/**
 * Finds the server that holds the cache, anew for every connection: where it stands in the address,
 * whom the sentinels call primary, or who owns the cache's slot in a Cluster.
 */
export class RedisLocator {
  readonly #options: LocatorOptions;
  #learnt: RedisEndpoint[] = [];
  #current: RedisEndpoint;
  #asking: Redis | null = null;
  #closed = false;

  constructor(options: LocatorOptions) {
    this.#options = options;
    this.#current = options.address.nodes[0]!;
  }

  /** The server that was found last. */
  get current(): RedisEndpoint {
    return this.#current;
  }

  /** Looks for the server; rejects when nobody who was asked knows. */
  async locate(): Promise<RedisEndpoint> {
    const { deployment, nodes } = this.#options.address;
    if (deployment.kind === "standalone") return this.#current;
    let reason = "nobody was asked";
    for (const node of this.#askFirst([...nodes, ...this.#learnt])) {
      if (this.#closed) break;
      try {
        return this.#current = await this.#ask(node);
      } catch (error) {
        reason = messageOf(error, 200);
      }
    }
    throw new Error(`no ${deployment.kind} node knows where the cache is: ${reason}`);
  }

  /** Whether a connection leads to the right server; rejects when it does not any more. */
  async check(redis: Redis): Promise<void> {
    const { kind } = this.#options.address.deployment;
    if (kind === "standalone") return;
    const role = await redis.call("ROLE").then((reply) => String((reply as unknown[])[0]));
    if (role !== "master") throw new Error(`MOVED the server is a ${role} now`);
    if (kind === "cluster") await redis.exists(this.#options.slotKey);
  }

  close(): void {
    this.#closed = true;
    if (this.#asking) hangUp(this.#asking);
  }

  /** What led to the present server is asked last: it may be the one that is out of date. */
  #askFirst(nodes: RedisEndpoint[]): RedisEndpoint[] {
    const places = new Map(nodes.map((node) => [`${node.host} ${node.port}`, node]));
    const current = `${this.#current.host} ${this.#current.port}`;
    const last = places.get(current);
    if (last === undefined) return [...places.values()];
    places.delete(current);
    return [...places.values(), last];
  }

  async #ask(node: RedisEndpoint): Promise<RedisEndpoint> {
    const { address, tlsCa, connectTimeoutMs, slotKey } = this.#options;
    const { deployment } = address;
    const login = deployment.kind === "sentinel"
      ? { username: undefined, password: deployment.password }
      : {};
    const timeoutMs = Math.min(connectTimeoutMs, MAX_ASK_MS);
    const redis = connectRedis(
      { address: { ...address, ...login, db: 0 }, tlsCa, connectTimeoutMs: timeoutMs },
      "cache-locator",
      { endpoint: node, commandTimeoutMs: timeoutMs },
    );
    redis.on("error", () => {});
    this.#asking = redis;
    try {
      await redis.connect();
      if (deployment.kind === "sentinel") {
        const found = await redis.call("SENTINEL", "get-master-addr-by-name", deployment.primary);
        if (!Array.isArray(found)) throw new Error(`no primary is named ${deployment.primary}`);
        return { host: String(found[0]), port: Number(found[1]) };
      }
      const slot = Number(await redis.call("CLUSTER", "KEYSLOT", slotKey));
      return this.#ownerOf(slot, await redis.call("CLUSTER", "SLOTS") as SlotRange[], node);
    } finally {
      this.#asking = null;
      hangUp(redis);
    }
  }

  #ownerOf(slot: number, ranges: SlotRange[], asked: RedisEndpoint): RedisEndpoint {
    // A node that does not know its own name leaves it empty.
    const endpoint = ([host, port]: SlotNode) => ({ host: host || asked.host, port: Number(port) });
    this.#learnt = ranges.flatMap(([, , ...nodes]) => nodes.map(endpoint)).slice(0, MAX_LEARNT);
    const owner = ranges.find(([from, to]) => slot >= from && slot <= to)?.[2];
    if (owner === undefined) throw new Error(`slot ${slot} is served by nobody`);
    return endpoint(owner);
  }
}

type SlotNode = [host: string | null, port: number, ...rest: unknown[]];
type SlotRange = [from: number, to: number, owner: SlotNode, ...replicas: SlotNode[]];
