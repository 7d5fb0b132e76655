import assert from "node:assert/strict";
import { loadRoutes, patternOf } from "./file_routes.ts";

Deno.test("a file's name is its address", () => {
  const patterns = {
    "index.tsx": "/",
    "sign-in.tsx": "/sign-in",
    "tasks/index.tsx": "/tasks",
    "tasks/[id].tsx": "/tasks/:id",
    "_app.tsx": null,
    "parts/_chart.tsx": null,
    "app.ts": null,
    "index_test.tsx": null,
  };
  for (const [file, pattern] of Object.entries(patterns)) {
    assert.equal(patternOf(file), pattern, file);
  }
});

Deno.test("pages are found with exact paths before parameters, and need a component", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const page = "export default () => null;";
    await Deno.mkdir(`${folder}/tasks`);
    for (const file of ["_app", "_error", "tasks/[id]", "tasks/new", "index"]) {
      await Deno.writeTextFile(`${folder}/${file}.tsx`, page);
    }
    const { routes } = await loadRoutes(new URL(`file://${folder}/`));
    assert.deepEqual(routes.map((route) => route.pattern), ["/", "/tasks/new", "/tasks/:id"]);

    await Deno.writeTextFile(`${folder}/broken.tsx`, "export const nothing = 1;");
    await assert.rejects(loadRoutes(new URL(`file://${folder}/`)), /broken\.tsx has no component/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
