/**
 * Keeps the page that is open fresh. One event stream a tab says when something happened; the
 * page's own address, asked for JSON, then gives all its data anew. Where the stream is missing,
 * a timer does. Nothing is open while the tab is hidden or live updates are switched off.
 */
type Timer = ReturnType<typeof setTimeout>;
export type LiveMode = "starting" | "live" | "polling" | "interval" | "off" | "signed out";

export interface LiveState {
  mode: LiveMode;
  /** Milliseconds since the epoch, this machine's clock; null before the first refresh. */
  updatedAt: number | null;
  /** The last refresh failed: what is shown is old. */
  failing: boolean;
}

/** `reset`: more was missed than the service remembers. */
const EVENTS = ["task", "queue", "health", "alert", "reset"];
const STREAM = "/api/performance/events";
/** With the stream, figures that no event announces (CPU, rates) still move. */
const QUIET_MS = 30_000;
export const POLL_SECONDS = 10;
const POLL_MS = POLL_SECONDS * 1_000;
/** However many events come, the page asks for data at most this often. */
const PACE_MS = 2_000;
const REQUEST_MS = 15_000;
const REOPEN_MS = 60_000;
const SWITCH = "live-updates";
const INTERVAL = "live-interval";

/** Seconds between refreshes that one may choose instead of the stream. */
export const INTERVALS = [5, 30, 60] as const;

export class LivePage {
  state: LiveState = { mode: "starting", updatedAt: null, failing: false };
  /** The newest data of this page; null until the first refresh. */
  data: unknown = null;
  #listeners = new Set<() => void>();
  #stream: EventSource | undefined;
  #poll: Timer | undefined;
  #paced: Timer | undefined;
  #reopen: Timer | undefined;
  #lastAsked = 0;
  #asking = false;
  /** What was asked began before something was done: ask once more. */
  #again = false;

  /** The first listener starts the updates, the last one to leave ends them. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    if (this.#listeners.size === 1) {
      document.addEventListener("visibilitychange", this.#adapt);
      addEventListener("pagehide", this.#stop);
      addEventListener("pageshow", this.#adapt);
      this.#adapt();
    }
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      document.removeEventListener("visibilitychange", this.#adapt);
      removeEventListener("pagehide", this.#stop);
      removeEventListener("pageshow", this.#adapt);
      this.#stop();
    };
  }

  get switchedOn(): boolean {
    try {
      return localStorage.getItem(SWITCH) !== "off";
    } catch {
      return true;
    }
  }

  setSwitch(on: boolean): void {
    keep(SWITCH, on ? "on" : "off");
    this.#set({ mode: on ? "starting" : "off" });
    if (on) this.#adapt();
    else this.#stop();
  }

  /** Seconds between refreshes; 0 = as it happens. */
  get interval(): number {
    try {
      const chosen = Number(localStorage.getItem(INTERVAL));
      return INTERVALS.find((seconds) => seconds === chosen) ?? 0;
    } catch {
      return 0;
    }
  }

  setInterval(seconds: number): void {
    keep(INTERVAL, String(seconds));
    this.#stop();
    if (this.switchedOn) this.#set({ mode: "starting" });
    this.#adapt();
  }

  /** Asks for the page's data now; `anew`: not what others were told up to a second ago. */
  async refresh(anew = false): Promise<void> {
    clearTimeout(this.#paced);
    this.#paced = undefined;
    if (this.#asking) {
      this.#again ||= anew;
      return;
    }
    this.#asking = true;
    this.#lastAsked = Date.now();
    try {
      const response = await fetch(location.pathname + location.search, {
        headers: {
          accept: "application/json",
          ...(anew ? { "cache-control": "no-cache" } : {}),
        },
        signal: AbortSignal.timeout(REQUEST_MS),
      });
      if (response.status === 401) {
        this.#stop();
        return this.#set({ mode: "signed out", failing: true });
      }
      if (!response.ok) throw new Error(`The page answered ${response.status}`);
      this.data = await response.json();
      this.#set({ updatedAt: Date.now(), failing: false });
    } catch {
      this.#set({ failing: true });
    } finally {
      this.#asking = false;
      if (this.#again) {
        this.#again = false;
        void this.refresh(true);
      }
    }
  }

  /** Something happened: refresh soon, but not more often than the pace. */
  #nudge = (): void => {
    const wait = Math.max(0, this.#lastAsked + PACE_MS - Date.now());
    this.#paced ??= setTimeout(() => this.refresh(), wait);
  };

  #adapt = (): void => {
    if (this.state.mode === "signed out") return;
    if (document.hidden || !this.switchedOn) {
      this.#stop();
      if (!this.switchedOn) this.#set({ mode: "off" });
      return;
    }
    if (this.interval > 0) {
      this.#set({ mode: "interval" });
      this.#every(this.interval * 1_000);
    } else if (!this.#stream) this.#open();
    const stale = this.state.updatedAt !== null && Date.now() - this.state.updatedAt > PACE_MS;
    if (stale) this.#nudge();
  };

  #open(): void {
    const stream = new EventSource(STREAM);
    this.#stream = stream;
    this.#every(POLL_MS);
    for (const name of EVENTS) stream.addEventListener(name, this.#nudge);
    stream.onopen = () => {
      const resumed = this.state.mode === "polling";
      this.#set({ mode: "live" });
      this.#every(QUIET_MS);
      if (resumed) this.#nudge();
    };
    stream.onerror = () => {
      this.#set({ mode: "polling" });
      this.#every(POLL_MS);
      if (stream.readyState !== EventSource.CLOSED) return;
      stream.close();
      // It was refused: perhaps the session has ended, which asking tells.
      this.#nudge();
      this.#reopen = setTimeout(() => this.#open(), REOPEN_MS);
    };
  }

  #every(ms: number): void {
    clearInterval(this.#poll);
    this.#poll = setInterval(() => this.#nudge(), ms);
  }

  #stop = (): void => {
    this.#stream?.close();
    this.#stream = undefined;
    clearInterval(this.#poll);
    clearTimeout(this.#paced);
    clearTimeout(this.#reopen);
    this.#paced = undefined;
  };

  #set(change: Partial<LiveState>): void {
    this.state = { ...this.state, ...change };
    for (const listener of this.#listeners) listener();
  }
}

function keep(name: string, value: string): void {
  try {
    localStorage.setItem(name, value);
  } catch { /* Storage can be forbidden; the choice then holds for this page only. */ }
}

/** The one of this tab. It does nothing until somebody subscribes. */
export const livePage = new LivePage();
