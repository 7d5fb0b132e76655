import {
  type ComponentType,
  createContext,
  createElement,
  isValidElement,
  options,
  type VNode,
} from "preact";
import { useContext } from "preact/hooks";
import { listFiles } from "./file_routes.ts";

type Props = Record<string, unknown>;

/** True below an island: a component used inside another island is hydrated along with it. */
const InsideIsland = createContext(false);
const wrappers = new Map<unknown, ComponentType<Props>>();
let used: Set<string> | undefined;
let wrapping = false;
let watching = false;

/** The islands of a directory: the PascalCase.tsx files right in it, not those in its folders. */
export async function listIslands(directory: URL): Promise<string[]> {
  const files = await listFiles(directory);
  return files.filter((file) => /^[A-Z]\w*\.tsx$/.test(file)).map((file) => file.slice(0, -4));
}

/** Loads the islands of a directory, so that pages that use one get an `<island-root>` around it. */
export async function registerIslands(directory: URL): Promise<void> {
  for (const name of await listIslands(directory)) {
    const module = await import(new URL(`${name}.tsx`, directory).href);
    registerIsland(name, module.default);
  }
}

/** Makes one component an island; `name` is what the browser loads it by. */
// deno-lint-ignore no-explicit-any -- islands have props of their own
export function registerIsland(name: string, component: ComponentType<any>): void {
  wrappers.set(component, wrap(name, component));
  if (watching) return;
  watching = true;
  const before = options.vnode;
  options.vnode = (vnode: VNode) => {
    const wrapper = wrapping ? undefined : wrappers.get(vnode.type);
    if (wrapper) vnode.type = wrapper as typeof vnode.type;
    before?.(vnode);
  };
}

/** Runs a synchronous render and tells which islands it used. */
export function collectIslands<T>(render: () => T): { result: T; islands: Set<string> } {
  const outer = used;
  used = new Set();
  try {
    const result = render();
    return { result, islands: used };
  } finally {
    used = outer;
  }
}

function wrap(name: string, component: ComponentType<Props>): ComponentType<Props> {
  return function Island(props: Props) {
    const inside = useContext(InsideIsland);
    wrapping = true;
    const content = createElement(component, props);
    wrapping = false;
    if (inside) return content;
    used?.add(name);
    return createElement(
      "island-root",
      { name, props: serialize(name, props) },
      createElement(InsideIsland.Provider, { value: true, children: content }),
    );
  };
}

/** Props as JSON; the renderer escapes them as an attribute. What JSON would lose is refused. */
function serialize(name: string, props: Props): string {
  return JSON.stringify(props, (key, value) => {
    const lost = typeof value === "function" || typeof value === "bigint" || isValidElement(value);
    if (lost || key === "children") {
      throw new TypeError(`Island ${name}: the prop "${key}" cannot be sent to the browser`);
    }
    return value;
  });
}
