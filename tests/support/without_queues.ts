/**
 * Preloaded into a service, takes the KV queues away, as Deno Deploy and KV Connect have none. What
 * is left of KV are reads, lists and atomics.
 */
const kv = await Deno.openKv(":memory:");
const prototypes: object[] = [Deno.Kv.prototype, Object.getPrototypeOf(kv.atomic())];
for (const prototype of prototypes) {
  for (const name of ["enqueue", "listenQueue"]) Reflect.deleteProperty(prototype, name);
}
kv.close();
