/**
 * The layer check: every import goes to a lower layer, and no files import each other in a circle.
 * Run by `deno task layers`, by `deno task ok` and by a test.
 */
import { cyclesOf } from "./cycles.ts";
import { type Import, importsOf } from "./imports.ts";
import {
  ISLAND_PACKAGES,
  ISLAND_USERS,
  ISLANDS,
  LAYERS,
  type Room,
  roomOf,
  WORKSHOPS,
} from "./layer_rules.ts";
import { readTree } from "./source_tree.ts";

const SOURCE = /\.tsx?$/;
const TEST = /_test\.tsx?$/;

/** What is wrong with the imports of these files, a line each; empty when nothing is. */
export function checkLayers(files: Map<string, string>): string[] {
  const problems: string[] = [];
  const graph = new Map<string, string[]>();
  for (const [path, source] of files) {
    if (!SOURCE.test(path)) continue;
    const imports = importsOf(path, source);
    const targets = imports.flatMap((found) => found.path ?? []);
    graph.set(path, targets.filter((target) => files.has(target)));
    for (const found of imports) {
      const problem = judgeImport(path, found);
      if (problem) problems.push(`${path}:${found.line}: ${problem}`);
    }
    if (!TEST.test(path) && !knownRoom(path)) {
      problems.push(`${path}: lies in no room; give it a place in tools/layer_rules.ts`);
    }
  }
  for (const cycle of cyclesOf(graph)) {
    problems.push(`${cycle[0]}: imports itself in a circle: ${cycle.join(" → ")}`);
  }
  return problems.sort();
}

/** The rule that one import of the file at `path` breaks, or null. */
function judgeImport(path: string, found: Import): string | null {
  if (TEST.test(path) || roomOf(path, WORKSHOPS)) return null;
  const said = `imports "${found.specifier}"`;
  if (found.path && (TEST.test(found.path) || roomOf(found.path, WORKSHOPS))) {
    return `${said}: only tests, tools and benches may import those`;
  }
  if (roomOf(path, [ISLANDS])) return judgeIsland(found, said);
  if (!found.path) return null;
  if (roomOf(found.path, [ISLANDS])) {
    if (roomOf(path, ISLAND_USERS)) return null;
    return `${said}: only ${ISLAND_USERS.join(" and ")} may import islands`;
  }
  return judgeLayer(path, found.path, said);
}

function judgeIsland(found: Import, said: string): string | null {
  if (!found.path) {
    return ISLAND_PACKAGES.test(found.specifier)
      ? null
      : `${said}: of packages, islands use preact and, to zoom, uplot`;
  }
  if (roomOf(found.path, [ISLANDS])) return null;
  if (!found.path.startsWith("lib/")) {
    return `${said}: islands import types of lib/ and islands only`;
  }
  return found.typeOnly ? null : `${said}: islands take only types from lib/ ("import type")`;
}

function judgeLayer(path: string, target: string, said: string): string | null {
  const from = placeOf(path);
  const to = placeOf(target);
  if (!from || !to || from.room === to.room) return null;
  if (to.layer < from.layer) return null;
  if (to.layer === from.layer) {
    return `${said}: ${from.room} and ${to.room} lie in one layer and do not import each other`;
  }
  return `${said}: ${to.room} lies above ${from.room}; imports go to lower layers only`;
}

function placeOf(path: string): { layer: number; room: Room } | null {
  for (const [layer, rooms] of LAYERS.entries()) {
    const room = roomOf(path, rooms);
    if (room) return { layer, room };
  }
  return null;
}

function knownRoom(path: string): boolean {
  return placeOf(path) !== null || roomOf(path, [ISLANDS, ...WORKSHOPS]) !== undefined;
}

if (import.meta.main) {
  const problems = checkLayers(await readTree("."));
  for (const problem of problems) console.error(problem);
  console.log(problems.length === 0 ? "layers: every import goes down" : "layers: broken");
  Deno.exit(problems.length === 0 ? 0 : 1);
}
