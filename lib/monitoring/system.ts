import { type Clock, systemClock } from "../clock.ts";
import { within } from "./deadline.ts";
import {
  cpuPercent,
  type CpuTimes,
  type DiskReading,
  type Machine,
  type MemorySource,
  thisMachine,
} from "./machine.ts";

/** The state of the machine and of this process at one instant. Percentages are 0–100. */
export interface SystemSample {
  at: number;
  /** Since the sample before; of the whole machine, in a container too. */
  cpuPercent: number;
  /** Over the last minute. */
  cpuMinutePercent: number;
  memoryPercent: number;
  memoryUsedBytes: number;
  memoryTotalBytes: number;
  memorySource: MemorySource;
  diskPercent: number;
  diskFreeBytes: number;
  diskTotalBytes: number;
  /** When the disk was read; older than `at` while the file system does not answer. */
  diskAt: number;
  /** Longest delay of the event loop within the last 15 s. */
  eventLoopLagMs: number;
  /** Resident memory of this process. */
  rssBytes: number;
}

/** What readers of the current sample need. */
export interface SystemSource {
  latest(): SystemSample;
}

export interface SystemSamplerOptions {
  /** The directory whose file system is watched (DATA_DIR). */
  dataDir: string;
  clock?: Clock;
  machine?: Machine;
  /** Time between samples. */
  everyMs?: number;
  /** A clock that no time server moves, for the lag of the event loop. */
  monotonicMs?: () => number;
}

const EVERY_MS = 5_000;
const MINUTE_MS = 60_000;
const LAG_EVERY_MS = 500;
const LAG_WINDOW_MS = 15_000;
const DISK_WAIT_MS = 1_000;

/** Samples the machine on a timer between `start` and `close`, and keeps the latest sample. */
export class SystemSampler implements SystemSource {
  readonly #dataDir: string;
  readonly #clock: Clock;
  readonly #machine: Machine;
  readonly #everyMs: number;
  readonly #monotonicMs: () => number;
  /** Readings of the last minute, oldest first. */
  #cpu: { at: number; times: CpuTimes }[] = [];
  #lags: { at: number; lagMs: number }[] = [];
  #disk: DiskReading = { percent: 0, freeBytes: 0, totalBytes: 0 };
  #diskAt = 0;
  #diskRead: Promise<void> | null = null;
  #latest: SystemSample | null = null;
  #cancel: (() => void)[] = [];
  #running = false;

  constructor(options: SystemSamplerOptions) {
    this.#dataDir = options.dataDir;
    this.#clock = options.clock ?? systemClock;
    this.#machine = options.machine ?? thisMachine;
    this.#everyMs = options.everyMs ?? EVERY_MS;
    this.#monotonicMs = options.monotonicMs ?? (() => performance.now());
  }

  /** Reads once, so that `latest` has an answer, then on the timer. */
  async start(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    // All zero: the first figure is the machine's average since it started, not a made-up one.
    this.#cpu.push({ at: this.#clock.now(), times: { busyMs: 0, totalMs: 0 } });
    await this.#diskOrNot();
    this.#sample();
    this.#cpu.shift();
    this.#repeat(0, this.#everyMs, () => this.#tick());
    this.#watchLag();
  }

  /** The sample taken last; `start` must have run. */
  latest(): SystemSample {
    if (!this.#latest) throw new Error("the system sampler has not been started");
    return this.#latest;
  }

  /** Stops the timers and waits, not for ever, for a disk reading under way. */
  async close(): Promise<void> {
    this.#running = false;
    for (const cancel of this.#cancel) cancel();
    if (this.#diskRead) await this.#diskOrNot();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #repeat(slot: number, everyMs: number, fn: () => void): void {
    if (!this.#running) return;
    this.#cancel[slot] = this.#clock.after(everyMs, () => {
      fn();
      this.#repeat(slot, everyMs, fn);
    });
  }

  #tick(): void {
    void this.#readDisk(); // its answer belongs to the next sample: a hung disk delays none
    this.#sample();
  }

  #sample(): void {
    const now = this.#clock.now();
    const times = this.#machine.cpuTimes();
    const before = this.#cpu.at(-1)!;
    const minuteAgo = this.#cpu.find((c) => c.at >= now - MINUTE_MS) ?? before;
    const memory = this.#machine.memory();
    this.#latest = {
      at: now,
      cpuPercent: cpuPercent(before.times, times),
      cpuMinutePercent: cpuPercent(minuteAgo.times, times),
      memoryPercent: memory.percent,
      memoryUsedBytes: memory.usedBytes,
      memoryTotalBytes: memory.totalBytes,
      memorySource: memory.source,
      diskPercent: this.#disk.percent,
      diskFreeBytes: this.#disk.freeBytes,
      diskTotalBytes: this.#disk.totalBytes,
      diskAt: this.#diskAt,
      eventLoopLagMs: this.#lags.reduce((most, { lagMs }) => Math.max(most, lagMs), 0),
      rssBytes: this.#machine.rssBytes(),
    };
    this.#cpu = [...this.#cpu.filter((c) => c.at >= now - MINUTE_MS), { at: now, times }];
  }

  #diskOrNot(): Promise<void> {
    return within(() => this.#readDisk(), DISK_WAIT_MS, this.#clock).catch(() => {});
  }

  #readDisk(): Promise<void> {
    return this.#diskRead ??= this.#machine.disk(this.#dataDir).then((disk) => {
      this.#disk = disk;
      this.#diskAt = this.#clock.now();
    }, () => {}).finally(() => this.#diskRead = null); // a failure shows as an old `diskAt`
  }

  /** `monitorEventLoopDelay` sees nothing here, so a timer measures how late it fires itself. */
  #watchLag(): void {
    let due = this.#monotonicMs() + LAG_EVERY_MS;
    this.#repeat(1, LAG_EVERY_MS, () => {
      const now = this.#monotonicMs();
      this.#lags = this.#lags.filter((lag) => lag.at > now - LAG_WINDOW_MS);
      this.#lags.push({ at: now, lagMs: Math.max(0, now - due) });
      due = now + LAG_EVERY_MS;
    });
  }
}
