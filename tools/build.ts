/** Builds the dashboard's scripts and styles into dist/, unless they are up to date. */
import { buildAssets } from "../lib/web/build.ts";

const root = new URL("../", import.meta.url);
const started = performance.now();
const { built, files } = await buildAssets({ root, out: new URL("dist/", root) });
const took = Math.round(performance.now() - started);
console.error(
  built ? `Built ${files} dashboard files in ${took} ms.` : "The dashboard is up to date.",
);
