/**
 * Preloaded into a service, makes of this runtime what Deno Deploy is: KV without queues, and no
 * database but the one that the platform gives; no file can be written; no threads, no programs, no
 * bundler. Reading the deployed files goes on. SIGUSR2 prints how much KV was used in how many ticks.
 */
const DATABASE = Deno.env.get("DEPLOY_TEST_KV")!;

const refuse = (what: string) => () => {
  throw new TypeError(`${what} is not available on Deno Deploy`);
};

const WRITES = [
  ...["writeFile", "writeTextFile", "mkdir", "remove", "rename", "copyFile", "makeTempDir"],
  ...["makeTempFile", "symlink", "link", "truncate", "chmod", "chown", "utime", "create", "open"],
];
for (const name of WRITES) {
  for (const key of [name, `${name}Sync`]) {
    Object.defineProperty(Deno, key, { value: refuse(`Deno.${key}`) });
  }
}
for (const name of ["Command", "bundle", "dlopen"]) {
  Object.defineProperty(Deno, name, { value: refuse(`Deno.${name}`) });
}
Object.defineProperty(globalThis, "Worker", {
  value: class {
    constructor() {
      refuse("Worker")();
    }
  },
});

const used = { reads: 0, writes: 0, ticks: 0 };

const cron = Deno.cron;
Object.defineProperty(Deno, "cron", {
  value: (
    name: string,
    schedule: string,
    options: { backoffSchedule: number[] },
    handler: () => Promise<void>,
  ) => cron(name, schedule, options, () => handler().finally(() => used.ticks++)),
});

const openKv = Deno.openKv;
Object.defineProperty(Deno, "openKv", {
  value: async (path?: string) => {
    if (path !== undefined) refuse("a database of one's own")();
    return counted(await openKv(DATABASE));
  },
});

/** Takes the queues away, and counts entries read and mutations written, as they are paid for. */
function counted(kv: Deno.Kv): Deno.Kv {
  const { get, getMany, list, atomic } = kv;
  Object.defineProperties(kv, {
    enqueue: { value: refuse("Deno.Kv.enqueue") },
    listenQueue: { value: refuse("Deno.Kv.listenQueue") },
    watch: { value: refuse("Deno.Kv.watch") },
    get: {
      value: (...args: Parameters<Deno.Kv["get"]>) => (used.reads++, get.apply(kv, args)),
    },
    getMany: {
      value: (...args: Parameters<Deno.Kv["getMany"]>) => {
        used.reads += args[0].length;
        return getMany.apply(kv, args);
      },
    },
    list: {
      value: (...args: Parameters<Deno.Kv["list"]>) => (used.reads++, list.apply(kv, args)),
    },
    atomic: {
      value: () => {
        const operation = atomic.apply(kv);
        operation.enqueue = refuse("Deno.AtomicOperation.enqueue");
        const { set, delete: remove, mutate } = operation;
        operation.set = (...args) => (used.writes++, set.apply(operation, args));
        operation.delete = (...args) => (used.writes++, remove.apply(operation, args));
        operation.mutate = (...args) => {
          used.writes += args.length;
          return mutate.apply(operation, args);
        };
        return operation;
      },
    },
  });
  return kv;
}

Deno.addSignalListener("SIGUSR2", () => console.error(`kv ${JSON.stringify(used)}`));
