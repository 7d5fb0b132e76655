/**
 * Preloaded into a service, stands in for a KV Connect server, which no package index has ready
 * made: an address opens a database in memory that refuses what denokv 0.14 refuses, in its words.
 * Enqueued messages fail the commit, and listening for them never ends.
 */
const openKv = Deno.openKv;
const kv = await openKv(":memory:");
const atomic = Object.getPrototypeOf(kv.atomic());
const { enqueue, commit } = atomic;
const refused = new WeakSet<object>();

Object.defineProperty(Deno, "openKv", {
  value: (path?: string) => openKv(path && /^https?:/.test(path) ? ":memory:" : path),
});
Object.defineProperty(Deno.Kv.prototype, "listenQueue", { value: () => new Promise(() => {}) });
Object.defineProperties(atomic, {
  enqueue: {
    value(this: object, ...message: unknown[]) {
      refused.add(this);
      return enqueue.apply(this, message);
    },
  },
  commit: {
    value(this: object) {
      if (!refused.has(this)) return commit.apply(this);
      return Promise.reject(new Error("Enqueue operations are not supported in KV Connect"));
    },
  },
});
kv.close();
