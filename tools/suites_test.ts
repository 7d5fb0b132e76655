import assert from "node:assert/strict";
import { addCounts, closingLine, countsOfLine, exitCode } from "./counts.ts";
import { judge } from "./run_suites.ts";
import { planSuites, testFiles } from "./suites.ts";

const FILES = testFiles([
  "lib/cache/service.ts",
  "lib/cache/service_test.ts",
  "routes/app_test.tsx",
  "tests/browser/tabs_test.ts",
  "tests/conformance/cache_test.ts",
  "tests/support/service.ts",
  "tests/support/service_test.ts",
]);

function planned(...selections: string[]) {
  return planSuites(FILES, selections).map(({ suite, files }) => [suite.name, ...files]);
}

Deno.test("test runner: each test file runs in exactly one suite", () => {
  assert.deepEqual(planned(), [
    ["unit", "lib/cache/service_test.ts", "routes/app_test.tsx", "tests/support/service_test.ts"],
    ["conformance", "tests/conformance/cache_test.ts"],
    ["browser", "tests/browser/tabs_test.ts"],
  ]);
});

Deno.test("test runner: a selection is a suite or a part of a path", () => {
  assert.deepEqual(planned("./lib/cache/"), [["unit", "lib/cache/service_test.ts"]]);
  assert.deepEqual(planned("browser"), [["browser", "tests/browser/tabs_test.ts"]]);
  assert.deepEqual(planned("cache", "browser").map(([suite]) => suite), [
    "unit",
    "conformance",
    "browser",
  ]);
  assert.throws(() => planned("lib/cash"), /no test file fits "lib\/cash"/);
});

Deno.test("test runner: counts are read from the summary line, coloured or not", () => {
  assert.deepEqual(countsOfLine("ok | 12 passed | 0 failed (1s)"), {
    passed: 12,
    failed: 0,
    skipped: 0,
  });
  const coloured =
    "\x1b[31mFAILED\x1b[0m | 1 passed (2 steps) | 3 failed (1 step) | 4 ignored | 5 filtered out (1s)";
  assert.deepEqual(countsOfLine(coloured), { passed: 1, failed: 3, skipped: 4 });
  assert.equal(countsOfLine("12 passed, 0 failed"), null);
});

Deno.test("test runner: a suite that ends early or too late has failed", () => {
  const counts = { passed: 3, failed: 0, skipped: 0 };
  assert.equal(judge("unit", { success: true, timedOut: false }, counts, 1).failed, 0);
  assert.equal(judge("unit", { success: false, timedOut: false }, null, 1).failed, 1);
  assert.equal(judge("unit", { success: false, timedOut: false }, counts, 1).failed, 1);
  assert.deepEqual(judge("unit", { success: false, timedOut: true }, counts, 1), {
    ...counts,
    failed: 1,
  });
});

Deno.test("test runner: it closes with a plain line, and nothing that ran is a failure", () => {
  const total = addCounts({ passed: 2, failed: 0, skipped: 0 }, {
    passed: 1,
    failed: 0,
    skipped: 0,
  });
  assert.equal(closingLine(total), "3 passed, 0 failed");
  assert.equal(closingLine({ passed: 3, failed: 1, skipped: 2 }), "3 passed, 1 failed, 2 skipped");
  assert.equal(exitCode(total), 0);
  assert.equal(exitCode({ passed: 3, failed: 1, skipped: 0 }), 1);
  assert.equal(exitCode({ passed: 0, failed: 0, skipped: 0 }), 1);
});
