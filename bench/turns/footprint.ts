/** Resident memory in bytes of a process and everything it started. */
export async function memoryOf(pid: number): Promise<number> {
  let bytes = 0;
  const pids = [pid];
  for (let at = 0; at < pids.length; at++) {
    const folder = `/proc/${pids[at]}`;
    try {
      const status = await Deno.readTextFile(`${folder}/status`);
      bytes += Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
      for await (const { name } of Deno.readDir(`${folder}/task`)) {
        const children = await Deno.readTextFile(`${folder}/task/${name}/children`);
        for (const child of children.split(" ")) if (child !== "") pids.push(Number(child));
      }
    } catch {
      // It has ended meanwhile.
    }
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
