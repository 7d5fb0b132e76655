/** Whether a path is the address of a KV Connect server. */
export const isAddress = (path: string | undefined): boolean => /^https?:/.test(path ?? "");

/**
 * Opens a database. A file is opened twice, so that what is read need not wait for what is being
 * written: each handle has a thread, which does one thing after the other, while SQLite lets readers
 * of a file go on beside its writer. A read sees all that was durable when it was asked for.
 *
 * `path`: a file, an address, `:memory:`, or undefined for the platform's own.
 */
export async function openKv(path: string | undefined): Promise<Deno.Kv> {
  const kv = await Deno.openKv(path);
  if (!path || path === ":memory:" || isAddress(path)) return kv;
  try {
    return readingThrough(kv, await Deno.openKv(path));
  } catch (error) {
    kv.close();
    throw error;
  }
}

/** The handle, which from now on reads through another one of the same file and closes it. */
function readingThrough(kv: Deno.Kv, reader: Deno.Kv): Deno.Kv {
  const close = kv.close.bind(kv);
  const closeBoth = () => {
    reader.close();
    close();
  };
  return Object.assign(kv, {
    get: reader.get.bind(reader),
    getMany: reader.getMany.bind(reader),
    list: reader.list.bind(reader),
    close: closeBoth,
    [Symbol.dispose]: closeBoth,
  });
}
