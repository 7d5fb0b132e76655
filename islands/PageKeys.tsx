import { useEffect, useRef } from "preact/hooks";
import { exactIn } from "./parts/format.ts";
import { KEYS as T, PAGES } from "./parts/texts.ts";

const GO: Record<string, keyof typeof PAGES> = {
  o: "/",
  t: "/tasks",
  v: "/conversations",
  a: "/analytics",
  b: "/bots",
  c: "/cache",
  s: "/schedules",
  h: "/health",
};
/** How long after `g` the letter may come. */
const CHORD_MS = 1_500;
const YEAR_S = 31_536_000;

/** What works on every page by key, and times in the visitor's zone when one points at them. */
export default function PageKeys() {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    let chordUntil = 0;
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      if (event.key === "?") dialog.current?.showModal();
      else if (dialog.current?.open) return;
      else if (Date.now() < chordUntil && GO[event.key]) location.assign(GO[event.key]!);
      else if (event.key === "/") focusSearch();
      else if (event.key === "j" || event.key === "k") moveRow(event.key === "j" ? 1 : -1);
      else {
        chordUntil = event.key === "g" ? Date.now() + CHORD_MS : 0;
        return;
      }
      event.preventDefault();
    };
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    document.cookie = `zone=${
      encodeURIComponent(zone)
    }; path=/; max-age=${YEAR_S}; samesite=strict`;
    const onPoint = (event: Event) => {
      const time = event.target instanceof Element ? event.target.closest("time[datetime]") : null;
      if (time) {
        time.setAttribute("title", exactIn(Date.parse(time.getAttribute("datetime")!), zone));
      }
    };
    document.querySelector("nav [aria-current]")?.scrollIntoView({
      block: "nearest",
      inline: "center",
    });
    document.addEventListener("keydown", onKey);
    document.addEventListener("pointerover", onPoint);
    return () => {
      document.removeEventListener("keydown", onKey);
      document.removeEventListener("pointerover", onPoint);
    };
  }, []);
  return (
    <dialog ref={dialog} class="keys" aria-label={T.title}>
      <h2>{T.title}</h2>
      <dl>
        <Key keys={["/"]} does={T.search} />
        <Key keys={["?"]} does={T.help} />
        <Key keys={["j", "k"]} does={T.move} />
        <Key keys={["Enter"]} does={T.open} />
        <Key keys={["←", "→"]} does={T.chart} />
        {Object.entries(GO).map(([letter, page]) => (
          <Key key={letter} keys={["g", letter]} does={T.go(PAGES[page])} />
        ))}
      </dl>
      <form method="dialog">
        <button type="submit" class="button">{T.close}</button>
      </form>
    </dialog>
  );
}

function Key({ keys, does }: { keys: string[]; does: string }) {
  return (
    <div>
      <dt>{keys.map((key) => <kbd key={key}>{key}</kbd>)}</dt>
      <dd>{does}</dd>
    </div>
  );
}

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.matches("input:not([type=checkbox]), select, textarea") || target.isContentEditable);

function focusSearch(): void {
  const search = document.querySelector<HTMLInputElement>("main input[type=search]");
  if (search) {
    search.focus();
    search.select();
  } else location.assign("/tasks#search");
}

/** Moves the focus to the first link of the row below or above, in the page's last list. */
function moveRow(by: number): void {
  const lists = [...document.querySelectorAll<HTMLElement>("main table.rows:has(tbody a)")];
  const links = [...lists.at(-1)?.querySelectorAll<HTMLElement>("tbody tr") ?? []]
    .flatMap((row) => row.querySelector<HTMLElement>("a") ?? []);
  const here = links.findIndex((link) => link.closest("tr")!.contains(document.activeElement));
  links[Math.min(links.length - 1, Math.max(0, here + by))]?.focus();
}
