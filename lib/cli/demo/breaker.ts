import { messageOf } from "../../errors.ts";
import { BREAKER_POLICY, breakerPage } from "./breaker_page.ts";
import type { ChildService } from "./child_service.ts";
import type { DemoRedis } from "./demo_redis.ts";
import { note } from "./demo_state.ts";
import type { DemoAction, DemoState } from "../../wire/demo.ts";

/** What can be broken, and what is told of it. */
export interface BreakerOptions {
  state: DemoState;
  redis: DemoRedis | null;
  /** Starts the service, always as the same. It is told where this page is. */
  start(breakerUrl: string): Promise<ChildService>;
  onFailure(reason: string): void;
}

/**
 * A small server beside the service, on which a person at this machine breaks the demo. Disposing
 * of it ends the service too.
 */
export interface Breaker extends AsyncDisposable {
  /** The page's address; whoever does not know it can break nothing. */
  url: string;
  /** Starts the service for the first time. */
  start(): Promise<ChildService>;
}

/** Serves the page that kills the service and Redis, and starts them again. */
export function serveBreaker(options: BreakerOptions): Breaker {
  const { state, redis } = options;
  let service: ChildService | null = null;
  let busy = Promise.resolve();
  let closing = false;
  const secret = crypto.getRandomValues(new Uint8Array(12)).toHex();

  const actions: Record<DemoAction, () => Promise<void>> = {
    async kill() {
      if (!service || closing) return;
      state.kills++;
      state.service = "starting";
      await service.kill();
      const killedAt = performance.now();
      note(state, "the process was killed");
      service = await options.start(url());
      state.service = "running";
      const seconds = ((performance.now() - killedAt) / 1_000).toFixed(1);
      note(state, `the process serves again, after ${seconds} s`);
    },
    async "break-redis"() {
      if (!redis?.running) return;
      state.breaks++;
      await redis.kill();
      state.redis = "broken";
      note(state, "Redis was killed, with everything that it held");
    },
    async "mend-redis"() {
      if (!redis) return;
      await redis.start();
      state.redis = "running";
      note(state, "Redis was started again, empty");
    },
  };

  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    (request) => {
      const [, first, action = ""] = new URL(request.url).pathname.split("/");
      if (first !== secret) return new Response("There is nothing here.\n", { status: 404 });
      if (request.method === "POST" && Object.hasOwn(actions, action)) {
        busy = busy.then(actions[action as DemoAction]).catch((error) =>
          options.onFailure(messageOf(error))
        );
        return new Response(null, { status: 303, headers: { location: `/${secret}/` } });
      }
      if (action === "state") return Response.json(state);
      return new Response(breakerPage(state, service?.url ?? ""), {
        headers: {
          "content-type": "text/html; charset=utf-8",
          "content-security-policy": BREAKER_POLICY,
          "cache-control": "no-store",
        },
      });
    },
  );
  const url = () => `http://127.0.0.1:${server.addr.port}/${secret}/`;
  return {
    url: url(),
    start: async () => service = await options.start(url()),
    async [Symbol.asyncDispose]() {
      closing = true;
      await server.shutdown();
      await busy;
      await service?.stop();
    },
  };
}
