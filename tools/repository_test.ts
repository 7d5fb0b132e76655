import assert from "node:assert/strict";
import { checkDocs } from "./docs.ts";
import { checkLayers } from "./layers.ts";
import { readTree } from "./source_tree.ts";

Deno.test("this repository: every import goes to a lower layer, without circles", async () => {
  assert.deepEqual(checkLayers(await readTree(".")), []);
});

Deno.test("this repository: docstrings, links, named tasks and words are in order", async () => {
  assert.deepEqual(checkDocs(await readTree(".")), []);
});
