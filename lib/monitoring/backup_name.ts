const NAME = /^pixel-(\d{4}-\d\d-\d\d)T(\d\d)-(\d\d)-(\d\d)Z(-before-schema-\d+)?\.sqlite\.zst$/;

/** Name of the backup made at an instant; `beforeSchema` marks the way back from a migration. */
export function backupName(at: number, beforeSchema?: number): string {
  const mark = beforeSchema === undefined ? "" : `-before-schema-${beforeSchema}`;
  return `pixel-${new Date(at).toISOString().slice(0, 19).replaceAll(":", "-")}Z${mark}.sqlite.zst`;
}

/** When the backup of this name was made (ms UTC); null for any other file. */
export function instantOf(name: string): number | null {
  const match = NAME.exec(name);
  return match && Date.parse(`${match[1]}T${match[2]}:${match[3]}:${match[4]}Z`);
}

/** Whether a backup was made before a migration. */
export const isWayBack = (name: string): boolean => NAME.exec(name)?.[5] !== undefined;

/** Name of the manifest that belongs to a backup. */
export const manifestOf = (name: string): string => `${name}.json`;
