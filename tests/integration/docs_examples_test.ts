import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";

const ROOT = new URL("../../", import.meta.url);

/** What the examples of a page take as given, beside the exports of the module that it is about. */
const GIVEN: Record<string, { module: string; text: string }> = {
  "docs/jobs.md": {
    module: "lib/jobs/mod.ts",
    text: `
import type { Clock } from "${new URL("lib/clock.ts", ROOT)}";
import type { Logger } from "${new URL("lib/log.ts", ROOT)}";
import { performInWorker } from "${new URL("lib/jobs/worker_side.ts", ROOT)}";
import { openTestEngine } from "${new URL("lib/jobs/testing.ts", ROOT)}";
type Kind<P = object> = exported.JobKind<P>;
type Schedule = exported.Schedule;
declare const clock: Clock, log: Logger, db: exported.Database, engine: exported.JobEngine, id: string;
declare const job: exported.PerformContext<object>, order: object, user: string, amount: number;
declare const payload: z.ZodType<{ image: string; customer: string }>, url: string;
declare const perform: () => void, scheduler: exported.Scheduler;
declare const resize: Kind<{ image: string; width: number }>;
declare const fetchJob: Kind<{ url: string }>, splitJob: Kind, facesJob: Kind, textJob: Kind;
declare const publishJob: Kind, report: Kind, cleanUp: Kind;
declare const reminder: exported.JobDefinition<{ to: string }>;
declare function signUp(engine: exported.JobEngine, name: string): Promise<void>;
declare function shrink(image: string, width: number, signal: AbortSignal): Promise<Uint8Array>;
declare function pay(order: object, options: { idempotencyKey: string }): Promise<string>;
declare function addToIndex(file: string): Promise<void>;
declare function detectFaces(image: string, progress: (percent: number) => void): number;
`,
  },
  "docs/cache.md": {
    module: "lib/cache/mod.ts",
    text: `
declare const articleId: string, key: string, cache: exported.CacheService;
declare function fetchPrice(articleId: string, signal: AbortSignal): Promise<number>;
`,
  },
};

/** The TypeScript blocks of a page, each a function of its own, after what they take as given. */
async function programOf(page: string): Promise<string> {
  const { module, text } = GIVEN[page]!;
  const address = new URL(module, ROOT);
  const names = Object.keys(await import(address.href)).join(", ");
  const markdown = await Deno.readTextFile(new URL(page, ROOT));
  const blocks = [...markdown.matchAll(/^```ts\n([\s\S]*?)^```/gm)].map(([, block]) =>
    block!.replace(/^import [^;]*;\n/gm, "")
  );
  assert.ok(blocks.length > 0);
  return [
    `import { z } from "zod";`,
    `import type * as exported from "${address}";`,
    `import { ${names} } from "${address}";`,
    text,
    ...blocks.map((block, i) => `export async function example${i}() {\n${block}\n}\n`),
  ].join("\n");
}

for (const page of Object.keys(GIVEN)) {
  Deno.test(`${page}: every example fits the types of what it shows`, async () => {
    const file = await Deno.makeTempFile({ prefix: "pixel-examples-", suffix: ".ts" });
    try {
      await Deno.writeTextFile(file, await programOf(page));
      const config = fileURLToPath(new URL("deno.json", ROOT));
      const { code, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["check", "--quiet", "--config", config, file],
        env: { NO_COLOR: "1" },
      }).output();
      assert.equal(code, 0, new TextDecoder().decode(stderr));
    } finally {
      await Deno.remove(file);
    }
  });
}
