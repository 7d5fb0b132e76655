/** Exits with 0 when the service in this container is alive, with 1 otherwise. */
const port = Deno.env.get("PORT") ?? "8002";
const alive = await fetch(`http://127.0.0.1:${port}/healthz`, {
  signal: AbortSignal.timeout(4_000),
})
  .then((response) => response.ok, () => false);
Deno.exit(alive ? 0 : 1);
