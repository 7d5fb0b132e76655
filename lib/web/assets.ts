import type { Context, Hono } from "hono";

/** What the build leaves behind: dist/manifest.json. */
export interface AssetManifest {
  /** Digest of everything the build read. */
  builtFrom: string;
  /** Name in the source ("styles.css", "client.js", "fonts/geist.woff2") → built file name. */
  files: Record<string, string>;
  /** Island → the built modules that it needs, its own first. */
  islands: Record<string, string[]>;
}

export interface Assets {
  /** The address of a file by its name in the source. */
  href(name: string): string;
  /** The addresses of the scripts that these islands need, for preloading. */
  modulesOf(islands: Iterable<string>): string[];
  /** Serves them below /assets/, for ever cacheable, since a name changes with its content. */
  mount(app: Hono): void;
}

const TYPES: Record<string, string> = {
  css: "text/css; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  map: "application/json",
  svg: "image/svg+xml",
  txt: "text/plain; charset=utf-8",
  woff2: "font/woff2",
  webmanifest: "application/manifest+json",
};

/** In which forms the build writes what is text, the smallest first. */
const PACKED = [
  { ending: ".br", encoding: "br", named: /\bbr\b/ },
  { ending: ".gz", encoding: "gzip", named: /\bgzip\b/ },
];

/** Opens what the build wrote. All of it is held in memory: it is small, and never changes. */
export async function openAssets(directory: URL): Promise<Assets> {
  const manifest = await readManifest(directory);
  if (!manifest) throw new Error("The dashboard is not built yet: run `deno task build`");
  const contents = new Map<string, Uint8Array<ArrayBuffer>>();
  for await (const entry of Deno.readDir(new URL("assets/", directory))) {
    contents.set(entry.name, await Deno.readFile(new URL(`assets/${entry.name}`, directory)));
  }
  const href = (name: string): string => {
    const file = manifest.files[name];
    if (!file) throw new Error(`There is no asset "${name}"`);
    return `/assets/${file}`;
  };
  return {
    href,
    modulesOf(islands) {
      const modules = new Set<string>();
      for (const name of islands) {
        for (const file of manifest.islands[name] ?? []) modules.add(`/assets/${file}`);
      }
      return [...modules];
    },
    mount(app) {
      app.get("/assets/:file", (c) => serve(c, contents));
      app.get("/favicon.ico", (c) => c.redirect(href("icon.svg"), 301));
    },
  };
}

/** The manifest of an earlier build, or null. */
export async function readManifest(directory: URL): Promise<AssetManifest | null> {
  try {
    return JSON.parse(await Deno.readTextFile(new URL("manifest.json", directory)));
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound || thrown instanceof SyntaxError) return null;
    throw thrown;
  }
}

function serve(c: Context, contents: Map<string, Uint8Array<ArrayBuffer>>): Response {
  const file = c.req.param("file") ?? "";
  const plain = contents.get(file);
  if (!plain) return c.text("There is no such file.", 404);
  const headers: Record<string, string> = {
    "content-type": TYPES[file.split(".").pop() ?? ""] ?? "application/octet-stream",
    "cache-control": "public, max-age=31536000, immutable",
    "x-content-type-options": "nosniff",
  };
  const accepted = c.req.header("accept-encoding") ?? "";
  for (const { ending, encoding, named } of PACKED) {
    const packed = contents.get(file + ending);
    if (!packed) continue;
    headers["vary"] = "accept-encoding";
    if (!named.test(accepted)) continue;
    return new Response(packed, { headers: { ...headers, "content-encoding": encoding } });
  }
  return new Response(plain, { headers });
}
