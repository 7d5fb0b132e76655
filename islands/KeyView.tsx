import type { ComponentChildren } from "preact";
import type { CacheEntry } from "../lib/wire/cache.ts";
import { act } from "./client/api.ts";
import { ActionForm } from "./parts/ActionForm.tsx";
import { bytes, duration } from "./parts/format.ts";
import { Moment, Panel } from "./parts/pieces.tsx";
import { CACHE as T, COMMON } from "./parts/texts.ts";
import { HIDDEN } from "./parts/words.ts";

interface KeyViewProps {
  entry: CacheEntry;
  now: number;
  operator: boolean;
  csrf: string;
  /** Where the list is without it. */
  close: string;
}

/** One entry of the cache: its value, how long it lives, and clearing it. */
export default function KeyView({ entry, now, operator, csrf, close }: KeyViewProps) {
  const { key, value = null } = entry;
  const text = typeof value === "string" ? value : JSON.stringify(value, null, 2);
  return (
    <Panel title={T.value} aside={<a href={close}>{T.close}</a>} class="value">
      <p>
        <code>{key}</code>
      </p>
      <dl class="figures facts-line">
        <Fact name={T.size}>{bytes(entry.bytes)}</Fact>
        <Fact name={T.made}>
          <Moment at={entry.created_at} now={now} />
        </Fact>
        <Fact name={T.fresh}>
          <Moment at={entry.fresh_until} now={now} />
        </Fact>
        <Fact name={T.expires}>
          <Moment at={entry.expires_at} now={now} />
        </Fact>
        <Fact name={T.cost}>{duration(entry.cost_ms)}</Fact>
        {entry.tags.length > 0 && <Fact name={T.tags}>{entry.tags.join(", ")}</Fact>}
      </dl>
      {value === HIDDEN
        ? <p class="empty">{COMMON.hidden}</p>
        : <pre tabIndex={0} role="region" aria-label={key}>{text}</pre>}
      {operator && (
        <ActionForm
          action="/cache"
          csrf={csrf}
          fields={{ do: "remove", key }}
          label={T.remove}
          class="foot"
          confirm={() => T.removeAsk(key)}
          perform={async () => {
            const path = `/cache/key/${encodeURIComponent(key)}`;
            const { deleted } = await act<{ deleted: boolean }>("DELETE", path, csrf);
            return deleted ? T.removed : T.absent;
          }}
        />
      )}
    </Panel>
  );
}

function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div class="fact">
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
