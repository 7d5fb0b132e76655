import assert from "node:assert/strict";
import { checkDocs } from "./docs.ts";
import { undocumentedIn } from "./docstrings.ts";
import { anchorsOf, linksOf } from "./markdown.ts";

const DENO_JSON = JSON.stringify({ tasks: { start: "deno run main.ts" } });

function problemsOf(files: Record<string, string>): string[] {
  return checkDocs(new Map(Object.entries({ "deno.json": DENO_JSON, ...files })));
}

Deno.test("docs: exported functions and classes of lib/ need a docstring", () => {
  const source = `
/** Said. */
export function said() {}
export async function bare() {}
/** Said too, over
 * two lines. */
// deno-lint-ignore no-explicit-any
export class Said {}
export class Bare {}
/* not a docstring */
export const arrow = (a: number): number => {
  return a;
};
export const short = (a: number): number => a;
export const longArrow = (
  a: number,
): number => a;
export const value = 3;
export const sum = (1 + 2) * 3;
export interface Shape {}
function inner() {}
/** Once is enough. */
export function over(a: number): void;
export function over(a: string): void;
`;
  assert.deepEqual(undocumentedIn(source).map(({ name, line }) => `${line} ${name}`), [
    "4 bare",
    "9 Bare",
    "11 arrow",
    "15 longArrow",
  ]);
  assert.equal(problemsOf({ "lib/a.ts": source }).length, 4);
  assert.deepEqual(problemsOf({ "lib/a_test.ts": source, "routes/a.ts": source }), []);
});

Deno.test("docs: relative links lead somewhere, headings included", () => {
  const files = {
    "README.md": "[a](docs/a.md) ![b](docs/none.png) [c](docs/a.md#two-words) [d](#nowhere) " +
      "[e](https://example.org/none) [f](docs) `[g](none.md)`\n\n```\n[h](none.md)\n```\n",
    "docs/a.md": "# Two words\n[up](../README.md)\n",
  };
  assert.deepEqual(problemsOf(files), [
    'README.md:1: links to "#nowhere", but README.md has no such heading',
    'README.md:1: links to "docs/none.png", which does not exist',
  ]);
});

Deno.test("docs: links and anchors are read as GitHub reads them", () => {
  assert.deepEqual(linksOf("[x]: a.md\n<!-- [y](b.md) -->\n[z](<c.md> 'title')"), [
    { target: "a.md", line: 1 },
    { target: "c.md", line: 3 },
  ]);
  const anchors = anchorsOf("# One `code`, two!\n## One\n## One\n```\n# not\n```\n");
  assert.deepEqual([...anchors], ["one-code-two", "one", "one-1"]);
});

Deno.test("docs: a task that is named exists", () => {
  const problems = problemsOf({ "README.md": "deno task start\nnpx -y deno@2.9.6 task stop\n" });
  assert.deepEqual(problems, ['README.md:2: names "deno task stop", which does not exist']);
});

Deno.test("docs: machine paths, hosts in the lock and imports that cannot be had are found", () => {
  const home = ["", "home", "ann", "pixel"].join("/");
  const remote = ["https:", "", "example.org", "x.ts"].join("/");
  const problems = problemsOf({
    "a.sh": `cd ${home}\ncurl http://host/home/ann/x\n`,
    "lib/b.ts": `import "${remote}";\nimport "jsr:@std/path";\nimport "npm:zod";\n`,
    "deno.lock": `{\n"tarball": "x"\n}`,
    "deno.json": JSON.stringify({ tasks: {}, imports: { a: "jsr:@std/path", b: "npm:b@1" } }),
  });
  assert.deepEqual(problems, [
    "a.sh:1: holds an absolute path of one machine",
    'deno.json: maps "a" to "jsr:@std/path"; only npm packages can be had',
    'deno.lock:2: names a host; remove the "tarball" key',
    `lib/b.ts:1: imports "${remote}"; only npm packages can be had`,
    'lib/b.ts:2: imports "jsr:@std/path"; only npm packages can be had',
  ]);
});

Deno.test("docs: one version of Deno is named everywhere", () => {
  const name = "deno@";
  const files = { "README.md": `npx ${name}1.2.3`, "Dockerfile": `npx ${name}1.2.4` };
  assert.deepEqual(problemsOf(files), [
    "different versions of Deno are named: 1.2.3 in README.md; 1.2.4 in Dockerfile",
  ]);
});
