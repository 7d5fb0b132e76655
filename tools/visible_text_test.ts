import assert from "node:assert/strict";
import { readTree } from "./source_tree.ts";
import { visibleTextIn } from "./visible_text.ts";

const foundIn = (source: string) =>
  visibleTextIn("islands/Sample.tsx", source).map(({ line, text }) => `${line} ${text}`);

Deno.test("visible text: between tags, in attributes that are read, and sentences", () => {
  assert.deepEqual(
    foundIn(`const a = <p>Nothing runs.</p>;
const b = <p aria-label="queues" class="wide note">{n} in all</p>;
const c = <Figure name="Hit rate" note={few ? "few" : T.many} />;
const d = <b>{copied ? "done" : T.copy}</b>;
const e = () => { return "Queued again."; };
const f = \`\${n} of all tasks\`;
const g = ask({ title: "Sign in" });`),
    [
      "1 Nothing runs.",
      "2 queues",
      "2 in all",
      "3 Hit rate",
      "3 few",
      "4 done",
      "5 Queued again.",
      "6 of all tasks",
      "7 Sign in",
    ],
  );
});

Deno.test("visible text: what only the machine reads is none", () => {
  assert.deepEqual(
    foundIn(`import x from "./Some Thing.ts";
const a = <input class="button quiet wide" name="token" type="search" />;
const b = <p>{T.nothing}, {n}%</p>;
const c = document.querySelector("main table.rows tbody a");
if (mode === "signed out" || event.key === "Escape") throw new Error("Not possible here");
const d: "two words" | \`a \${string} b\` = x;
const e = \`/tasks/\${id}?status=failed\`;
const f = { "content type": 1 };
// A comment says what it wants.`),
    [],
  );
});

Deno.test("this repository: the dashboard's texts stand in the catalogue", async () => {
  const files = await readTree(".");
  const found = [...files].filter(([path]) => /^(islands|routes|lib\/web)\/.*\.tsx$/.test(path))
    .filter(([path]) => !path.endsWith("_test.tsx"))
    .flatMap(([path, source]) =>
      visibleTextIn(path, source).map(({ line, text }) => `${path}:${line}: ${text}`)
    );
  assert.deepEqual(found, []);
});
