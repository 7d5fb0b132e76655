import { dirname } from "node:path";

/**
 * Writes a secret to a file of its own, which only its owner can read. The folder is made where it
 * is missing, and a file that is there is replaced whole.
 */
export function writeSecretFile(path: string, secret: string): void {
  Deno.mkdirSync(dirname(path), { recursive: true });
  const draft = path + ".draft";
  try {
    Deno.removeSync(draft);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  // `createNew` with a mode: at no moment can anybody else read it.
  Deno.writeTextFileSync(draft, secret + "\n", { createNew: true, mode: 0o600 });
  Deno.renameSync(draft, path);
}
