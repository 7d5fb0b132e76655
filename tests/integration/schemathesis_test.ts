import assert from "node:assert/strict";
import { python } from "../support/python.ts";
import { rounds, seed } from "../support/randomness.ts";
import { TestService } from "../support/service.ts";

/** Cases for each operation and phase, some hundreds altogether; thousands in the long run. */
const EXAMPLES = rounds(2, 100);
/**
 * The one has no end, and schemathesis reads every answer to its end; api_refusals_test.ts asks for
 * it in many ways. The other ends the service.
 */
const LEFT_OUT = "/events$|/service/stop$";

Deno.test("schemathesis finds no failure, no undocumented answer and no schema mismatch", async () => {
  const program = await python("schemathesis", ["schemathesis>=4,<5"]);
  await using service = await TestService.start({ env: { RATE_LIMIT_PER_SECOND: "0" } });
  const { code, stdout, stderr } = await new Deno.Command(program, {
    args: [
      ...["-c", "from schemathesis.cli import schemathesis; schemathesis()"],
      ...["--config-file", file("schemathesis.toml")],
      ...["run", `${service.url}/api/performance/openapi.json`, "--url", service.url],
      ...["-H", `Authorization: Bearer ${service.token}`, "--checks", "all"],
      ...["--max-examples", String(EXAMPLES), "--exclude-path-regex", LEFT_OUT],
      ...["--request-timeout", "30", "--seed", String(seed), "--no-color"],
    ],
    env: { PYTHONDONTWRITEBYTECODE: "1", HYPOTHESIS_STORAGE_DIRECTORY: service.dataDir },
    cwd: service.dataDir,
    stdin: "null",
  }).output();
  const text = new TextDecoder();
  assert.equal(code, 0, text.decode(stdout) + text.decode(stderr));
  assert.match(text.decode(stdout), /[1-9]\d* generated/);
});

const file = (name: string): string => new URL(name, import.meta.url).pathname;
