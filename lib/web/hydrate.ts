import { type ComponentType, createElement, hydrate } from "preact";

/** How the browser gets an island's module; made from the folder's listing by the build. */
export type IslandLoaders = Record<string, () => Promise<{ default: ComponentType<never> }>>;

/**
 * Brings every `<island-root>` of the document to life. Each island is loaded on its own; one that
 * fails leaves its server-rendered text readable. `ready` or `failed` on the element tells which.
 */
export async function hydrateIslands(loaders: IslandLoaders, root: ParentNode): Promise<void> {
  const elements = [...root.querySelectorAll("island-root:not([ready])")];
  await Promise.all(elements.map(async (element) => {
    try {
      const module = await loaders[element.getAttribute("name")!]!();
      const props = JSON.parse(element.getAttribute("props")!);
      hydrate(createElement(module.default as ComponentType<unknown>, props), element);
      element.setAttribute("ready", "");
    } catch (thrown) {
      element.setAttribute("failed", "");
      console.error(`Island ${element.getAttribute("name")} did not start`, thrown);
    }
  }));
}
