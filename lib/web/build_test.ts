import assert from "node:assert/strict";
import { Hono } from "hono";
import { openAssets } from "./assets.ts";
import { buildAssets } from "./build.ts";

/** A project with one island and one style sheet, in a folder of its own. */
async function smallProject() {
  const folder = await Deno.makeTempDir();
  const root = new URL(`file://${folder}/`);
  for (const name of ["islands/parts", "static/fonts", "lib/web"]) {
    await Deno.mkdir(new URL(name, root), { recursive: true });
  }
  const write = (name: string, text: string) => Deno.writeTextFile(new URL(name, root), text);
  await write("deno.json", "{}");
  await write("deno.lock", "{}");
  await write("lib/web/hydrate.ts", "export const hydrateIslands = (all, root) => [all, root];");
  await write("islands/Clock.tsx", "export default () => 'tick';");
  await write("islands/parts/hand.ts", "export const hand = 1;");
  await write("static/fonts/a.woff2", "font");
  await write("static/styles.css", `@font-face { src: url("fonts/a.woff2"); }`);
  return {
    paths: { root, out: new URL("dist/", root) },
    write,
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

Deno.test("a build names files by their content, and is not repeated for the same sources", async () => {
  await using project = await smallProject();
  assert.equal((await buildAssets(project.paths)).built, true);
  assert.equal((await buildAssets(project.paths)).built, false);
  const before = await openAssets(project.paths.out);
  assert.match(before.href("styles.css"), /^\/assets\/styles-[0-9a-f]{10}\.css$/);

  await project.write("static/fonts/a.woff2", "another font");
  assert.equal((await buildAssets(project.paths)).built, true);
  const after = await openAssets(project.paths.out);
  assert.notEqual(after.href("fonts/a.woff2"), before.href("fonts/a.woff2"));
  assert.notEqual(after.href("styles.css"), before.href("styles.css"));
  assert.equal(after.href("client.js"), before.href("client.js"));
});

Deno.test("assets are served for ever, compressed for those who take it, and nothing else is", async () => {
  await using project = await smallProject();
  await buildAssets(project.paths);
  const assets = await openAssets(project.paths.out);
  const app = new Hono();
  assets.mount(app);

  const plain = await app.request(assets.href("styles.css"));
  assert.equal(plain.headers.get("cache-control"), "public, max-age=31536000, immutable");
  assert.equal(plain.headers.get("content-type"), "text/css; charset=utf-8");
  assert.equal(
    await plain.text(),
    `@font-face { src: url("${assets.href("fonts/a.woff2").slice("/assets/".length)}"); }`,
  );
  for (const [accepted, encoding] of [["gzip, br", "br"], ["gzip, deflate", "gzip"]] as const) {
    const packed = await app.request(assets.href("styles.css"), {
      headers: { "accept-encoding": accepted },
    });
    assert.equal(packed.headers.get("content-encoding"), encoding);
    assert.equal(packed.headers.get("vary"), "accept-encoding");
    await packed.body?.cancel();
  }

  const [island] = assets.modulesOf(["Clock"]);
  const script = await app.request(island!);
  assert.equal(script.headers.get("content-type"), "text/javascript; charset=utf-8");
  assert.match(await script.text(), /tick/);
  for (const path of ["/assets/manifest.json", "/assets/..%2fmanifest.json", "/assets/x.js"]) {
    assert.equal((await app.request(path)).status, 404, path);
  }
});

Deno.test("a style sheet that names a missing file stops the build", async () => {
  await using project = await smallProject();
  await project.write("static/styles.css", `b { background: url("nothing.png"); }`);
  await assert.rejects(buildAssets(project.paths), /styles\.css names nothing\.png/);
});

Deno.test("without a build, the service says what to do", async () => {
  await using project = await smallProject();
  await assert.rejects(openAssets(project.paths.out), /not built yet/);
});
