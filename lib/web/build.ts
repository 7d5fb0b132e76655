import { brotliCompressSync, gzipSync } from "node:zlib";
import { type AssetManifest, readManifest } from "./assets.ts";
import { listFiles } from "./file_routes.ts";
import { listIslands } from "./islands.ts";

export interface BuildPaths {
  /** The project's folder: islands/, static/ and lib/web/hydrate.ts are in it. */
  root: URL;
  /** Where the result goes: manifest.json and assets/. */
  out: URL;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Bundles the islands and names every file by its content. Does nothing when nothing changed. */
export async function buildAssets(paths: BuildPaths): Promise<{ built: boolean; files: number }> {
  const builtFrom = await digestOfSources(paths.root);
  const before = await readManifest(paths.out);
  if (before?.builtFrom === builtFrom) {
    return { built: false, files: Object.keys(before.files).length };
  }
  const outputs = new Map<string, Uint8Array>();
  const files = await addStaticFiles(paths.root, outputs);
  const islands = await addScripts(paths, files, outputs);

  await removeFolder(paths.out);
  await Deno.mkdir(new URL("assets/", paths.out), { recursive: true });
  for (const [name, content] of outputs) {
    await Deno.writeFile(new URL(`assets/${name}`, paths.out), content);
    if (!/\.(css|js|svg)$/.test(name)) continue;
    await Deno.writeFile(new URL(`assets/${name}.br`, paths.out), brotliCompressSync(content));
    // Browsers take Brotli over TLS only.
    await Deno.writeFile(new URL(`assets/${name}.gz`, paths.out), gzipSync(content, { level: 9 }));
  }
  const manifest: AssetManifest = { builtFrom, files, islands };
  await Deno.writeTextFile(new URL("manifest.json", paths.out), JSON.stringify(manifest, null, 2));
  return { built: true, files: outputs.size };
}

/** A digest of everything that can change the result, by content: a checkout changes times. */
async function digestOfSources(root: URL): Promise<string> {
  let listing = `deno ${Deno.version.deno}\n`;
  for (const folder of ["islands/", "static/", "lib/web/"]) {
    for (const file of await listFiles(new URL(folder, root))) {
      listing += `${folder}${file} ${await digest(
        await Deno.readFile(new URL(folder + file, root)),
      )}\n`;
    }
  }
  for (const file of ["deno.json", "deno.lock"]) {
    listing += `${file} ${await digest(await Deno.readFile(new URL(file, root)))}\n`;
  }
  return digest(encoder.encode(listing));
}

/** Adds static/ under hashed names; style sheets come last, for they name other files. */
async function addStaticFiles(
  root: URL,
  outputs: Map<string, Uint8Array>,
): Promise<Record<string, string>> {
  const names: Record<string, string> = {};
  const isStyle = (file: string) => file.endsWith(".css");
  const listed = await listFiles(new URL("static/", root));
  for (const file of listed.toSorted((a, b) => Number(isStyle(a)) - Number(isStyle(b)))) {
    let content: Uint8Array = await Deno.readFile(new URL(`static/${file}`, root));
    if (isStyle(file)) {
      const text = decoder.decode(content).replace(
        /url\("([^":]+)"\)/g,
        (_all, name) =>
          `url("${names[name] ?? fail(`${file} names ${name}, which does not exist`)}")`,
      );
      content = encoder.encode(text);
    }
    names[file] = await hashedName(file, content);
    outputs.set(names[file], content);
  }
  return names;
}

/** Bundles the islands with their loader; answers which modules each island needs. */
async function addScripts(
  paths: BuildPaths,
  files: Record<string, string>,
  outputs: Map<string, Uint8Array>,
): Promise<Record<string, string[]>> {
  const names = await listIslands(new URL("islands/", paths.root));
  const loaders = names.map((name) =>
    `${name}: () => import(${JSON.stringify(new URL(`islands/${name}.tsx`, paths.root).href)}),`
  );
  const hydrate = JSON.stringify(new URL("lib/web/hydrate.ts", paths.root).href);
  await Deno.mkdir(paths.out, { recursive: true });
  const entry = new URL("client.ts", paths.out);
  await Deno.writeTextFile(
    entry,
    `import { hydrateIslands } from ${hydrate};\nhydrateIslands({\n${
      loaders.join("\n")
    }\n}, document);\n`,
  );
  const result = await Deno.bundle({
    entrypoints: [entry.href],
    outputDir: decodeURIComponent(paths.out.pathname),
    platform: "browser",
    format: "esm",
    codeSplitting: true,
    minify: true,
    write: false,
  });
  if (!result.success) fail(result.errors.map((error) => error.text).join("\n"));

  const imports = new Map<string, string[]>();
  for (const output of result.outputFiles ?? []) {
    const content = output.contents ?? fail(`${output.path} is empty`);
    let name = output.path.split("/").pop() ?? "";
    if (name === "client.js") files["client.js"] = name = await hashedName(name, content);
    outputs.set(name, content);
    const named = decoder.decode(content).matchAll(/(?:from|import)\s*"\.\/([^"]+)"/g);
    imports.set(name, [...named].map((match) => match[1]!));
  }
  return Object.fromEntries(names.map((name) => {
    const own = [...imports.keys()].find((file) => file.startsWith(`${name}-`));
    return [name, own ? withImports(own, imports) : fail(`The bundle lacks island ${name}`)];
  }));
}

function withImports(first: string, imports: Map<string, string[]>): string[] {
  const needed = new Set([first]);
  for (const file of needed) {
    for (const other of imports.get(file) ?? []) needed.add(other);
  }
  return [...needed];
}

/** "fonts/geist.woff2" → "geist-3f2a91c04d.woff2". */
async function hashedName(file: string, content: Uint8Array): Promise<string> {
  const name = file.split("/").pop() ?? file;
  const dot = name.lastIndexOf(".");
  return `${name.slice(0, dot)}-${(await digest(content)).slice(0, 10)}${name.slice(dot)}`;
}

async function digest(content: Uint8Array): Promise<string> {
  const bytes = await crypto.subtle.digest("SHA-256", content as Uint8Array<ArrayBuffer>);
  return new Uint8Array(bytes).toHex();
}

async function removeFolder(folder: URL): Promise<void> {
  try {
    await Deno.remove(folder, { recursive: true });
  } catch (thrown) {
    if (!(thrown instanceof Deno.errors.NotFound)) throw thrown;
  }
}

function fail(message: string): never {
  throw new Error(message);
}
