import assert from "node:assert/strict";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));

Deno.test("the engine works in a program outside the project, by its export alone", async () => {
  const folder = await Deno.makeTempDir();
  const { imports } = JSON.parse(await Deno.readTextFile(join(root, "deno.json")));
  const config = {
    links: [relative(folder, root)],
    imports: {
      "@pixel/performance": "jsr:@pixel/performance@^0.1.0",
      "zod": imports.zod,
    },
  };
  await Deno.writeTextFile(join(folder, "deno.json"), JSON.stringify(config));
  await Deno.copyFile(join(root, "examples/embed/jobs.ts"), join(folder, "jobs.ts"));
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--no-lock", "--unstable-kv"],
      ...["--allow-read", "--allow-write", "--allow-env"],
      "jobs.ts",
    ],
    cwd: folder,
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  assert.equal(new TextDecoder().decode(stdout).trim(), "4950");
  await Deno.remove(folder, { recursive: true });
});
