/** A room: a file, or a folder with everything below it. */
export type Room = string;

/**
 * From the ground up. A room imports from its own files and from layers before its own; rooms of
 * one layer do not import each other.
 */
export const LAYERS: Room[][] = [
  [
    "lib/errors.ts",
    "lib/json.ts",
    "lib/abortable_fetch.ts",
    "lib/clock.ts",
    "lib/in_line.ts",
    "lib/log.ts",
    "lib/log_file.ts",
    "lib/tracing.ts",
    "lib/wire",
  ],
  ["lib/config"],
  ["lib/kv", "lib/cache", "lib/web"],
  ["lib/jobs", "lib/ai", "lib/auth"],
  ["lib/conversations", "lib/analytics", "lib/notifications"],
  ["lib/monitoring"],
  ["lib/storage.ts", "lib/answering.ts"],
  ["lib/services.ts"],
  ["routes", "workers", "lib/cli"],
  ["service.ts"],
  ["main.ts", "pixel.ts"],
];

/**
 * Islands run in the browser: from the rest of the project they import types of lib/ only, so that
 * no server code is ever bundled, and of packages these.
 */
export const ISLANDS: Room = "islands";
export const ISLAND_PACKAGES = /^(preact(\/|$)|uplot$)/;
/** Rooms that may import islands. */
export const ISLAND_USERS: Room[] = ["routes", ISLANDS];

/** Rooms that may import anything and that nothing else may import. */
export const WORKSHOPS: Room[] = ["tests", "tools", "bench", "examples"];

/** The room of these that `path` lies in. */
export function roomOf(path: string, rooms: Iterable<Room>): Room | undefined {
  for (const room of rooms) if (path === room || path.startsWith(room + "/")) return room;
}
