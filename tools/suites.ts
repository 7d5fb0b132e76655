import type { ProgramName } from "./programs.ts";

/** One run of `deno test`: which files, what they need and how long they may take together. */
export interface Suite {
  name: string;
  /** Whether a test file, by its path from the root of the repository, belongs here. */
  includes(path: string): boolean;
  needs: ProgramName[];
  limitMinutes: number;
  permissions: string[];
  /** Nothing runs beside it: its tests break leases and deadlines on purpose, and keep others. */
  alone?: boolean;
}

/** What tests need; foreign libraries (`--allow-ffi`) and imports from the net stay closed. */
const SCOPED = [
  "--allow-net",
  "--allow-read",
  "--allow-write",
  "--allow-env",
  "--allow-sys",
  "--allow-run",
];

/**
 * In the order in which they begin. A file below tests/ that fits no suite by name is a unit test.
 * The browser suite has all permissions because playwright looks into /proc, which Deno opens to
 * nothing less.
 */
export const SUITES: Suite[] = [
  {
    name: "unit",
    includes: (path) => !/^tests\/(conformance|integration|crash|browser)\//.test(path),
    needs: ["redis-server"],
    limitMinutes: 10,
    permissions: SCOPED,
  },
  suiteBelow("conformance", { needs: ["redis-server"], limitMinutes: 4, permissions: SCOPED }),
  suiteBelow("integration", {
    needs: ["redis-server", "promtool", "python3", "curl", "faketime"],
    limitMinutes: 15,
    permissions: SCOPED,
  }),
  suiteBelow("crash", {
    needs: ["redis-server", "faketime"],
    limitMinutes: 6,
    permissions: SCOPED,
    alone: true,
  }),
  suiteBelow("browser", { needs: ["chromium"], limitMinutes: 12, permissions: ["--allow-all"] }),
];

/** The whole run ends after this long, whatever its suites were allowed. */
export const TOTAL_LIMIT_MINUTES = 19;
/** What `deno task test:long` allows each suite, and itself. */
export const LONG_LIMIT_MINUTES = 180;

function suiteBelow(name: string, rest: Omit<Suite, "name" | "includes">): Suite {
  return { name, includes: (path) => path.startsWith(`tests/${name}/`), ...rest };
}

const TEST_FILE = /_test\.tsx?$/;

/** The test files among `paths`. */
export function testFiles(paths: Iterable<string>): string[] {
  return [...paths].filter((path) => TEST_FILE.test(path)).sort();
}

/** Test files of one suite that are to run. */
export interface PlannedSuite {
  suite: Suite;
  files: string[];
}

/**
 * Which files run in which suite. A selection is the name of a suite or a part of a path; none
 * selects everything. Throws when a selection fits no file, so that a typing error cannot pass.
 */
export function planSuites(
  files: string[],
  selections: string[],
): PlannedSuite[] {
  const wanted = selections.map((text) => text.replace(/^\.\//, "").replace(/\/$/, ""));
  const matches = (suite: Suite, file: string, selection: string) =>
    suite.name === selection || file.includes(selection);
  for (const selection of wanted) {
    const fits = SUITES.some((suite) =>
      files.some((file) => suite.includes(file) && matches(suite, file, selection))
    );
    if (!fits) {
      const names = SUITES.map((suite) => suite.name).join(", ");
      throw new Error(
        `no test file fits "${selection}"; name a part of a path or one of: ${names}`,
      );
    }
  }
  return SUITES.map((suite) => ({
    suite,
    files: files.filter((file) =>
      suite.includes(file) &&
      (wanted.length === 0 || wanted.some((selection) => matches(suite, file, selection)))
    ),
  })).filter((planned) => planned.files.length > 0);
}
