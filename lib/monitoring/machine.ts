/**
 * Readings of the machine that work under scoped permissions
 * (`--allow-sys=systemMemoryInfo,loadavg,cpus,osUptime,statfs` and read access to the directory);
 * `/proc` and `/sys` would need all of them.
 */
import { statfs } from "node:fs/promises";
import { cpus } from "node:os";
import process from "node:process";

/** Time that all processors together have spent since the machine started, in milliseconds. */
export interface CpuTimes {
  busyMs: number;
  totalMs: number;
}

/** What a memory figure is measured against: the limit of the container, or the whole machine. */
export type MemorySource = "container" | "host";

export interface MemoryReading {
  percent: number;
  usedBytes: number;
  totalBytes: number;
  source: MemorySource;
}

export interface DiskReading {
  /** Used share of what an ordinary user can use, as `df` shows it. */
  percent: number;
  /** Bytes that this process can still write. */
  freeBytes: number;
  totalBytes: number;
}

/** Where the sampler reads from; tests give readings that a machine cannot be brought to. */
export interface Machine {
  cpuTimes(): CpuTimes;
  memory(): MemoryReading;
  disk(directory: string): Promise<DiskReading>;
  /** Resident memory of this process in bytes. */
  rssBytes(): number;
}

/** The machine that this process runs on. */
export const thisMachine: Machine = {
  cpuTimes() {
    let busyMs = 0;
    let totalMs = 0;
    for (const { times } of cpus()) {
      const busy = times.user + times.nice + times.sys + times.irq;
      busyMs += busy;
      totalMs += busy + times.idle;
    }
    return { busyMs, totalMs };
  },
  memory() {
    const host = Deno.systemMemoryInfo();
    return memoryReading(process.constrainedMemory(), Deno.memoryUsage().rss, host);
  },
  async disk(directory) {
    return diskReading(await statfs(directory));
  },
  rssBytes: () => Deno.memoryUsage().rss,
};

/** The machine as a platform shows it: where no file stays, there is no disk to be measured. */
export function machineOf(platform: { files: boolean }): Machine {
  if (platform.files) return thisMachine;
  const none: DiskReading = { percent: 0, freeBytes: 0, totalBytes: 0 };
  return { ...thisMachine, disk: () => Promise.resolve(none) };
}

/** Share of processor time that was busy between two readings, 0–100. */
export function cpuPercent(before: CpuTimes, after: CpuTimes): number {
  const total = after.totalMs - before.totalMs;
  const busy = after.busyMs - before.busyMs;
  if (!(total > 0) || !(busy > 0)) return 0;
  return Math.min(100, (busy / total) * 100);
}

/**
 * In a container with a limit, this process's resident memory against that limit (`systemMemoryInfo`
 * would be the host's); otherwise what the machine has in use. `limitBytes` without a limit is 0,
 * or, as the kernel says "none", more than the machine has.
 */
export function memoryReading(
  limitBytes: number,
  rssBytes: number,
  host: { total: number; available: number },
): MemoryReading {
  const limited = limitBytes > 0 && limitBytes < host.total;
  const totalBytes = limited ? limitBytes : host.total;
  const usedBytes = limited ? rssBytes : Math.max(0, host.total - host.available);
  return {
    percent: totalBytes > 0 ? Math.min(100, (usedBytes / totalBytes) * 100) : 0,
    usedBytes,
    totalBytes,
    source: limited ? "container" : "host",
  };
}

/** The figures of `df`: used ÷ (used + available), which leaves out what is reserved for root. */
export function diskReading(
  stats: { bsize: number; blocks: number; bfree: number; bavail: number },
): DiskReading {
  const used = stats.blocks - stats.bfree;
  const usable = used + stats.bavail;
  return {
    percent: usable > 0 ? Math.min(100, Math.max(0, (used / usable) * 100)) : 0,
    freeBytes: stats.bavail * stats.bsize,
    totalBytes: stats.blocks * stats.bsize,
  };
}
