/** `_SC_CLK_TCK`, which Linux has at 100 everywhere. */
const TICKS_A_SECOND = 100;

/** Resident memory in bytes of a process and everything it started. */
export async function memoryOf(pid: number): Promise<number> {
  let bytes = 0;
  for (const one of await familyOf(pid)) {
    const status = await Deno.readTextFile(`/proc/${one}/status`).catch(() => "");
    bytes += Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
  }
  return bytes;
}

/** Bytes of all files below a folder. */
export async function diskOf(folder: string): Promise<number> {
  let bytes = 0;
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    bytes += isDirectory
      ? await diskOf(path)
      : (await Deno.stat(path).catch(() => null))?.size ?? 0;
  }
  return bytes;
}

/** Seconds of CPU that a process and everything it started has taken. */
export async function cpuOf(pid: number): Promise<number> {
  let ticks = 0;
  for (const one of await familyOf(pid)) {
    const stat = await Deno.readTextFile(`/proc/${one}/stat`).catch(() => null);
    // The name of the program, which may hold anything, ends with the last bracket.
    const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ") ?? [];
    ticks += Number(fields[11] ?? 0) + Number(fields[12] ?? 0);
  }
  return ticks / TICKS_A_SECOND;
}

async function familyOf(pid: number): Promise<number[]> {
  const pids = [pid];
  for (let at = 0; at < pids.length; at++) {
    const folder = `/proc/${pids[at]}/task`;
    try {
      for await (const { name } of Deno.readDir(folder)) {
        const children = await Deno.readTextFile(`${folder}/${name}/children`);
        for (const child of children.split(" ")) if (child !== "") pids.push(Number(child));
      }
    } catch {
      // It has ended meanwhile.
    }
  }
  return pids;
}
