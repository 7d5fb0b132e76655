import { bytes } from "../islands/parts/format.ts";
import { Empty, Moment, Name, Panel } from "../islands/parts/pieces.tsx";
import { CACHE as T } from "../islands/parts/texts.ts";
import type { CacheKeyPage } from "../lib/wire/cache.ts";

interface KeyTableProps {
  page: CacheKeyPage;
  /** What is looked for, as it was typed, and the pattern that was made of it. */
  find: string;
  pattern: string;
  cursor: string | undefined;
  /** The key whose value is shown. */
  open: string;
  now: number;
}

/** A page of the cache's keys; each leads to its value. */
export function KeyTable({ page, find, pattern, cursor, open, now }: KeyTableProps) {
  const { keys, next_cursor } = page;
  const to = (more: Record<string, string>) =>
    `/cache?${new URLSearchParams({ ...(find ? { find } : {}), ...more })}`;
  return (
    <Panel title={T.keys} aside={pattern && <code>{T.like(pattern)}</code>} class="keys-found">
      {keys.length === 0
        ? <Empty>{next_cursor ? T.noKeysYet : T.noKeys(pattern)}</Empty>
        : (
          <table class="rows">
            <thead>
              <tr>
                <th scope="col">{T.key}</th>
                <th scope="col" class="number wide">{T.size}</th>
                <th scope="col" class="number">{T.expires}</th>
              </tr>
            </thead>
            <tbody>
              {keys.map((one) => (
                <tr key={one.key}>
                  <td>
                    <a
                      class="mono"
                      href={to({ ...(cursor ? { cursor } : {}), key: one.key })}
                      aria-current={one.key === open ? "true" : undefined}
                    >
                      <Name of={one.key} />
                    </a>
                  </td>
                  <td class="number wide">{bytes(one.bytes)}</td>
                  <td class="number">
                    <Moment at={one.expires_at} now={now} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      {(cursor || next_cursor) && (
        <nav class="paging foot" aria-label={T.pages}>
          {cursor && <a class="button" href={to({})}>{T.first}</a>}
          {next_cursor && <a class="button" href={to({ cursor: next_cursor })}>{T.more}</a>}
        </nav>
      )}
    </Panel>
  );
}
