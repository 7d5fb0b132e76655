import { useEffect, useState } from "preact/hooks";
import type { LiveData } from "../parts/page_data.ts";
import { livePage, type LiveState } from "./live.ts";

/** The page's data: what the server rendered at first, then whatever is newest. */
export function useLivePage<T extends LiveData>(rendered: T): T {
  const [data, setData] = useState(rendered);
  useEffect(() =>
    livePage.subscribe(() => {
      // What is fetched again is the same for all, without this visitor's secret.
      if (livePage.data) setData({ ...livePage.data as T, csrf: rendered.csrf });
    }), []);
  return data;
}

/** How live the page is. */
export function useLiveState(): LiveState {
  const [state, setState] = useState<LiveState>({
    mode: "starting",
    updatedAt: null,
    failing: false,
  });
  useEffect(() => livePage.subscribe(() => setState(livePage.state)), []);
  return state;
}

/** The server's time, moving on by the second after hydration; at first exactly `rendered`. */
export function useNow(rendered: number): number {
  const [now, setNow] = useState(rendered);
  useEffect(() => {
    const started = performance.now();
    setNow(rendered);
    const timer = setInterval(() => {
      if (!document.hidden) setNow(rendered + performance.now() - started);
    }, 1_000);
    return () => clearInterval(timer);
  }, [rendered]);
  return now;
}
