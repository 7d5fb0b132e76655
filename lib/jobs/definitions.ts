import type { AnyDefinition } from "./definition.ts";

/**
 * Definitions by kind. One whose kind ends with a colon, such as `http:`, also performs every kind
 * that begins with it and that nobody else performs.
 */
export class Definitions extends Map<string, AnyDefinition> {
  override get(kind: string): AnyDefinition | undefined {
    return super.get(kind) ?? super.get(kind.slice(0, kind.indexOf(":") + 1));
  }
}
