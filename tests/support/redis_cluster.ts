import { eventually } from "./eventually.ts";
import { freePort } from "./ports.ts";
import { RedisServer } from "./redis.ts";

const SLOTS = 16_384;

/** Three primaries that share the slots, and a replica of the one that owns `slotKey`. */
export class RedisCluster {
  private constructor(
    readonly primaries: readonly RedisServer[],
    readonly owner: RedisServer,
    readonly replica: RedisServer,
  ) {}

  static async start(slotKey: string): Promise<RedisCluster> {
    const nodes: { server: RedisServer; bus: number }[] = [];
    try {
      for (let i = 0; i < 4; i++) {
        const bus = freePort();
        // deno-fmt-ignore
        const args = ["--cluster-enabled", "yes", "--cluster-port", String(bus), "--cluster-node-timeout", "1000"];
        nodes.push({ server: await RedisServer.start({ args }), bus });
      }
      const [first, second, third, replica] = nodes.map(({ server }) => server);
      const primaries = [first!, second!, third!];
      for (const { server, bus } of nodes.slice(1)) {
        await first!.call("CLUSTER", "MEET", "127.0.0.1", String(server.port), String(bus));
      }
      const share = Math.ceil(SLOTS / 3);
      for (const [i, server] of primaries.entries()) {
        const last = Math.min(SLOTS, (i + 1) * share) - 1;
        await server.call("CLUSTER", "ADDSLOTSRANGE", String(i * share), String(last));
      }
      const owner =
        primaries[Math.floor(Number(await first!.call("CLUSTER", "KEYSLOT", slotKey)) / share)]!;
      const id = String(await owner.call("CLUSTER", "MYID"));
      await eventually(
        async () => {
          const known = String(await replica!.call("CLUSTER", "NODES"));
          return known.includes(id) && known.trim().split("\n").length === 4;
        },
        "the nodes have met",
      );
      await eventually(
        () => replica!.call("CLUSTER", "REPLICATE", id).then(() => true, () => false),
        "the replica has its primary",
      );
      await eventually(
        async () => {
          const states = await Promise.all(
            nodes.map(({ server }) => server.call("CLUSTER", "INFO").then(String)),
          );
          const replication = String(await replica!.call("INFO", "replication"));
          return states.every((state) => state.includes("cluster_state:ok")) &&
            replication.includes("master_link_status:up");
        },
        "the Cluster is complete",
      );
      return new RedisCluster(primaries, owner, replica!);
    } catch (error) {
      for (const { server } of nodes) await server.stop();
      throw error;
    }
  }

  /** As the cache takes it, naming two nodes that do not own the cache's slot. */
  get url(): string {
    const [one, two] = this.primaries.filter((server) => server !== this.owner);
    return `redis+cluster://127.0.0.1:${one!.port}?node=127.0.0.1:${two!.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of [...this.primaries, this.replica]) await server.stop();
  }
}
