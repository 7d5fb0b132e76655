import { bytes, count, exactIn } from "../islands/parts/format.ts";
import { Panel } from "../islands/parts/pieces.tsx";
import { KEPT as T } from "../islands/parts/texts.ts";
import type { Kept } from "../lib/wire/system.ts";

/** How long each kind of record is kept, how large the database is, and its backups. */
export function KeptPanel({ kept, zone }: { kept: Kept; zone: string }) {
  const { database, backups, retention, bucket } = kept;
  const newest = backups[0];
  const facts: [string, string][] = [
    ...(database
      ? [
        [T.database, bytes(database.bytes)],
        [T.reclaimable, bytes(database.reclaimable_bytes)],
        [T.growth, bytes(database.growth_bytes_per_day)],
      ] as [string, string][]
      : []),
    [
      T.backups,
      newest
        ? T.newest(count(backups.length), exactIn(Date.parse(newest.created_at), zone))
        : T.none,
    ],
    ...(bucket
      ? [[
        T.bucket(bucket.address),
        bucket.error ??
          (bucket.uploaded_at === null ? T.none : exactIn(Date.parse(bucket.uploaded_at), zone)),
      ] as [string, string]]
      : []),
  ];
  return (
    <Panel title={T.title} class="full kept">
      <dl class="facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <table class="rows">
        <thead>
          <tr>
            <th scope="col">{T.records}</th>
            <th scope="col">{T.keptFor}</th>
            <th scope="col" class="wide">{T.setting}</th>
          </tr>
        </thead>
        <tbody>
          {retention.map(({ records, kept_for, variable }) => (
            <tr key={records}>
              <td>{records}</td>
              <td>{kept_for}</td>
              <td class="wide">{variable && <code>{variable}</code>}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  );
}
