/** Folders (in a worktree .git is a file) that hold nothing of the project's own text. */
const LEFT_OUT = new Set([".git", ".cache", "node_modules", "data", "dist", "coverage"]);
const BINARY = /\.(png|jpe?g|gif|ico|webp|woff2?|gz|zst|sqlite3?|db)$/;
const MAX_FILES = 10_000;

/** Text of every file below `root` by its path from there; binary files have an empty text. */
export async function readTree(root: string): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  const folders = [""];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for await (const entry of Deno.readDir(`${root}/${folder}`)) {
      const path = folder + entry.name;
      if (LEFT_OUT.has(entry.name)) continue;
      if (entry.isDirectory) folders.push(path + "/");
      if (!entry.isFile) continue;
      if (files.size >= MAX_FILES) throw new Error(`more than ${MAX_FILES} files below ${root}`);
      const text = BINARY.test(path) ? "" : await Deno.readTextFile(`${root}/${path}`);
      files.set(path, text);
    }
  }
  return files;
}
