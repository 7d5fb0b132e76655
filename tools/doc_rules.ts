/** Text that no file of the project may hold, and why. */
export const FORBIDDEN: { pattern: RegExp; why: string }[] = [
  {
    pattern: /(?<![\w.~$}-])\/(?:work|root|Users|home\/[a-z][\w-]*)\/[\w.-]+/,
    why: "an absolute path of one machine",
  },
  {
    pattern: /\b(?:registry\.npmjs\.org|registry\.yarnpkg\.com|npm\.pkg\.github\.com)\b/,
    why: "the host of a package registry",
  },
];

/** Text that no lock file may hold: it would name a host. */
export const FORBIDDEN_IN_LOCK = /https?:|"tarball"/;

/** Imports that users without access to more than npm cannot resolve. */
export const FORBIDDEN_IMPORT = /^(?:jsr:|https?:|data:)/;

/** Files that quote other projects' words and are not ours to mend. */
export const QUOTED = /^(?:LICENSE|deno\.lock)$/;
