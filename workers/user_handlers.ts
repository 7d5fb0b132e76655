import { pathToFileURL } from "node:url";
import { resolve } from "node:path";
import { ConfigError } from "../lib/config/config.ts";
import { messageOf } from "../lib/errors.ts";
import type { AnyDefinition } from "../lib/jobs/definition.ts";

/**
 * The job definitions that a module of the user's own exports: each by itself, in an array, or as
 * the default. Throws ConfigError for a module that cannot be loaded or exports none.
 */
export async function userHandlers(module: string | undefined): Promise<AnyDefinition[]> {
  if (module === undefined) return [];
  const url = /^[a-z][a-z0-9+.-]+:/i.test(module) ? module : pathToFileURL(resolve(module)).href;
  let exported: Record<string, unknown>;
  try {
    exported = await import(url);
  } catch (error) {
    throw new ConfigError("HANDLERS", `${module} cannot be loaded: ${messageOf(error, 300)}`);
  }
  const found = new Set(Object.values(exported).flat().filter(isDefinition));
  if (found.size === 0) {
    throw new ConfigError("HANDLERS", `${module} exports nothing that defineJob made`);
  }
  return [...found];
}

function isDefinition(value: unknown): value is AnyDefinition {
  if (typeof value !== "object" || value === null) return false;
  const { kind, queue, payload, perform } = value as Record<string, unknown>;
  return typeof kind === "string" && typeof queue === "string" && typeof perform === "function" &&
    typeof (payload as { safeParse?: unknown } | undefined)?.safeParse === "function";
}
