import type { ComponentType } from "preact";
import type { AppProps, PageModule } from "./page.ts";

export interface FileRoute {
  /** Hono's pattern: routes/tasks/[id].tsx is `/tasks/:id`. */
  pattern: string;
  module: PageModule;
}

export interface FileRoutes {
  App: ComponentType<AppProps>;
  /** routes/_error.tsx: what is shown instead of a page that failed or does not exist. */
  ErrorPage: ComponentType<ErrorPageProps>;
  routes: FileRoute[];
}

export interface ErrorPageProps {
  status: number;
  message: string;
  requestId: string;
}

/** The pattern of a file below routes/, or null where its name marks it as no page. */
export function patternOf(file: string): string | null {
  if (!file.endsWith(".tsx") || file.endsWith("_test.tsx")) return null;
  const parts = file.slice(0, -".tsx".length).split("/");
  if (parts.some((part) => part.startsWith("_"))) return null;
  if (parts.at(-1) === "index") parts.pop();
  return "/" + parts.map((part) => part.replace(/^\[(\w+)\]$/, ":$1")).join("/");
}

/** Static segments go before parameters, so that /tasks/new is never taken for a task. */
function byPrecision(a: FileRoute, b: FileRoute): number {
  const rank = (pattern: string) => pattern.replaceAll(":", "\uffff");
  return rank(a.pattern) < rank(b.pattern) ? -1 : 1;
}

/** Loads every page module below `directory` (a file: URL ending in "/"). */
export async function loadRoutes(directory: URL): Promise<FileRoutes> {
  const routes: FileRoute[] = [];
  for (const file of await listFiles(directory)) {
    const pattern = patternOf(file);
    if (pattern === null) continue;
    const module = await import(new URL(file, directory).href) as PageModule;
    if (typeof module.default !== "function") {
      throw new Error(`routes/${file} has no component as its default export`);
    }
    routes.push({ pattern, module });
  }
  const [app, error] = await Promise.all(
    ["_app.tsx", "_error.tsx"].map((file) => import(new URL(file, directory).href)),
  );
  return { App: app.default, ErrorPage: error.default, routes: routes.sort(byPrecision) };
}

/** Every file below a directory, as paths relative to it, sorted. */
export async function listFiles(directory: URL, prefix = ""): Promise<string[]> {
  const files: string[] = [];
  for await (const entry of Deno.readDir(new URL(prefix, directory))) {
    if (entry.isFile) files.push(prefix + entry.name);
    if (entry.isDirectory) files.push(...await listFiles(directory, `${prefix}${entry.name}/`));
  }
  return files.sort();
}
