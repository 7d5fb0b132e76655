/**
 * The doc check: docstrings, links, named tasks, forbidden words. Run by `deno task docs`, by
 * `deno task ok` and by a test.
 */
import { FORBIDDEN, FORBIDDEN_IMPORT, FORBIDDEN_IN_LOCK, QUOTED } from "./doc_rules.ts";
import { undocumentedIn } from "./docstrings.ts";
import { importsOf, resolvePath } from "./imports.ts";
import { anchorsOf, linksOf } from "./markdown.ts";
import { readTree } from "./source_tree.ts";

const SOURCE = /\.tsx?$/;
const TEST = /_test\.tsx?$/;

/** What is wrong with the documentation of these files, a line each; empty when nothing is. */
export function checkDocs(files: Map<string, string>): string[] {
  const problems: string[] = [];
  const tasks = tasksOf(files.get("deno.json") ?? "{}");
  for (const [path, text] of files) {
    if (path.startsWith("lib/") && SOURCE.test(path) && !TEST.test(path)) {
      for (const { name, line } of undocumentedIn(text)) {
        problems.push(`${path}:${line}: "${name}" is exported and has no docstring`);
      }
    }
    if (path.endsWith(".md")) problems.push(...checkLinks(path, text, files));
    if (SOURCE.test(path)) problems.push(...checkImports(path, text));
    if (!TEST.test(path)) problems.push(...checkTasks(path, text, tasks));
    if (!QUOTED.test(path)) problems.push(...checkWords(path, text));
  }
  problems.push(...checkDenoJson(files.get("deno.json") ?? "{}"));
  problems.push(
    ...linesThat(files.get("deno.lock") ?? "", FORBIDDEN_IN_LOCK).map((line) =>
      `deno.lock:${line}: names a host; remove the "tarball" key`
    ),
  );
  problems.push(...checkVersions(files));
  return problems.sort();
}

function checkLinks(path: string, text: string, files: Map<string, string>): string[] {
  return linksOf(text).flatMap(({ target, line }) => {
    if (/^[a-z][a-z+.-]*:/i.test(target)) return [];
    const [file, anchor] = decodeURI(target).split("#") as [string, string | undefined];
    const linked = file === ""
      ? path
      : resolvePath(path, file.startsWith(".") ? file : `./${file}`)!;
    const isFolder = [...files.keys()].some((other) => other.startsWith(linked + "/"));
    if (!files.has(linked) && !isFolder) {
      return [`${path}:${line}: links to "${target}", which does not exist`];
    }
    if (anchor && linked.endsWith(".md") && !anchorsOf(files.get(linked)!).has(anchor)) {
      return [`${path}:${line}: links to "${target}", but ${linked} has no such heading`];
    }
    return [];
  });
}

function checkImports(path: string, text: string): string[] {
  return importsOf(path, text).filter((found) => FORBIDDEN_IMPORT.test(found.specifier)).map((
    found,
  ) => `${path}:${found.line}: imports "${found.specifier}"; only npm packages can be had`);
}

function checkTasks(path: string, text: string, tasks: Set<string>): string[] {
  const problems: string[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    for (const match of line.matchAll(/\bdeno(?:@[\d.]+)? task ([a-z][a-z0-9:_-]*)/g)) {
      if (tasks.has(match[1]!)) continue;
      problems.push(`${path}:${index + 1}: names "deno task ${match[1]}", which does not exist`);
    }
  }
  return problems;
}

function checkWords(path: string, text: string): string[] {
  return FORBIDDEN.flatMap(({ pattern, why }) =>
    linesThat(text, pattern).map((line) => `${path}:${line}: holds ${why}`)
  );
}

function checkDenoJson(text: string): string[] {
  const { imports = {} } = JSON.parse(text) as { imports?: Record<string, string> };
  return Object.entries(imports).filter(([, target]) => FORBIDDEN_IMPORT.test(target)).map((
    [name, target],
  ) => `deno.json: maps "${name}" to "${target}"; only npm packages can be had`);
}

/** Every place that names a version of Deno to run names the same one. */
function checkVersions(files: Map<string, string>): string[] {
  const places = new Map<string, string[]>();
  for (const [path, text] of files) {
    if (SOURCE.test(path)) continue;
    for (const match of text.matchAll(/\bdeno@(\d+\.\d+\.\d+)/g)) {
      places.set(match[1]!, [...places.get(match[1]!) ?? [], path]);
    }
  }
  if (places.size <= 1) return [];
  const said = [...places].map(([version, paths]) =>
    `${version} in ${[...new Set(paths)].join(", ")}`
  );
  return [`different versions of Deno are named: ${said.join("; ")}`];
}

function tasksOf(denoJson: string): Set<string> {
  return new Set(Object.keys((JSON.parse(denoJson) as { tasks?: object }).tasks ?? {}));
}

function linesThat(text: string, pattern: RegExp): number[] {
  return text.split("\n").flatMap((line, index) => pattern.test(line) ? [index + 1] : []);
}

if (import.meta.main) {
  const problems = checkDocs(await readTree("."));
  for (const problem of problems) console.error(problem);
  console.log(problems.length === 0 ? "docs: nothing to mend" : "docs: see above");
  Deno.exit(problems.length === 0 ? 0 : 1);
}
