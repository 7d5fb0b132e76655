import assert from "node:assert/strict";
import type { Authenticator } from "../../lib/auth/authenticator.ts";
import { systemClock } from "../../lib/clock.ts";
import { loadConfig } from "../../lib/config/config.ts";
import type { AppError } from "../../lib/errors.ts";
import { Gate } from "./gate.ts";

Deno.test("who is to wait is told so in whole seconds", async () => {
  const config = loadConfig({ SIGN_IN_FAILURES_PER_MINUTE: "7" });
  const gate = new Gate({ auth: {} as Authenticator, config, clock: systemClock });
  const failing = () => gate.signInBy("192.0.2.1", () => Promise.resolve(null));
  for (let n = 0; n < 7; n++) assert.equal(await failing(), null);
  await assert.rejects(failing, ({ code, retryAfterSeconds }: AppError) => {
    assert.equal(code, "rate_limited");
    assert.ok(Number.isInteger(retryAfterSeconds), String(retryAfterSeconds));
    return true;
  });
});
