import assert from "node:assert/strict";
import { importsOf, resolvePath } from "./imports.ts";

function seen(source: string) {
  return importsOf("lib/jobs/queue.ts", source).map(({ specifier, typeOnly, line }) =>
    `${line} ${specifier}${typeOnly ? " (types)" : ""}`
  );
}

Deno.test("imports: every form of import and re-export is found with its line", () => {
  assert.deepEqual(
    seen(`import "./a.ts";
import b, { type B } from "./b.ts";
import * as c from "./c.ts";
import type { D } from "./d.ts";
import { type E, type F } from "./e.ts";
export * from "./g.ts";
export type { H } from "./h.ts";
export {
  one,
  two as three,
} from "./i.ts";
const late = await import("./j.ts");
import type from "./k.ts";
`),
    [
      "1 ./a.ts",
      "2 ./b.ts",
      "3 ./c.ts",
      "4 ./d.ts (types)",
      "5 ./e.ts (types)",
      "6 ./g.ts",
      "7 ./h.ts (types)",
      "8 ./i.ts",
      "12 ./j.ts",
      "13 ./k.ts",
    ],
  );
});

Deno.test("imports: words in comments, templates and expressions are not imports", () => {
  const source = [
    '// import "./comment.ts";',
    '/* import a from "./block.ts"; */',
    'const template = `\nimport "./template.ts";\n`;',
    "const quote = /[\"'`]/.test(text) ? 1 : 2;",
    'const url = "http://example.org"; // import("./gone.ts")',
    'import real from "./real.ts";',
  ].join("\n");
  assert.deepEqual(seen(source), ["8 ./real.ts"]);
});

Deno.test("imports: specifiers resolve against the importing file", () => {
  assert.equal(resolvePath("lib/jobs/queue.ts", "./job.ts"), "lib/jobs/job.ts");
  assert.equal(resolvePath("lib/jobs/queue.ts", "../kv/database.ts"), "lib/kv/database.ts");
  assert.equal(resolvePath("main.ts", "./lib/log.ts"), "lib/log.ts");
  assert.equal(resolvePath("lib/jobs/queue.ts", "hono/streaming"), null);
});
