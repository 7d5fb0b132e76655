import type { CacheCleared, CacheStats } from "../lib/wire/cache.ts";
import { act } from "./client/api.ts";
import { useLivePage } from "./client/use_live.ts";
import { ActionForm } from "./parts/ActionForm.tsx";
import { count, counted, duration, percent, perSecond } from "./parts/format.ts";
import type { CacheData } from "./parts/page_data.ts";
import { Badge, Empty, Figure, Meter, Panel, Unread } from "./parts/pieces.tsx";
import { CACHE as T, OVERVIEW, PAGES } from "./parts/texts.ts";

/** How the cache does, what it holds by namespace, and clearing some of it. */
export default function CacheBoard(rendered: CacheData) {
  const data = useLivePage(rendered);
  const { cache, operator, csrf } = data;
  if (!cache) return <Unread what={PAGES["/cache"]} />;
  return (
    <div class="report">
      <section class="panel strip full" aria-label={PAGES["/cache"]}>
        {!cache.connected && (
          <p class="away">
            <Badge tone="bad">{T.away}</Badge> {T.awayNote}
          </p>
        )}
        <dl class="figures">
          <Figure name={T.hitRate} value={percent(cache.hit_rate)} note={lookups(cache)} />
          <Figure name={T.hits} value={count(cache.hits)} />
          <Figure name={T.misses} value={count(cache.misses)} />
          <Figure name={T.keys} value={count(cache.total_keys)} note={cache.memory_usage} />
          <Figure
            name="Operations"
            value={perSecond(cache.operations_per_second)}
            note={`up ${duration(cache.uptime_seconds * 1000)}`}
          />
        </dl>
      </section>
      <Panel title={T.namespaces} class={operator ? "" : "full"}>
        <Namespaces rows={cache.namespaces ?? []} />
        <p class="muted foot">{T.namespacesNote}</p>
      </Panel>
      {operator && <ClearPattern cache={cache} csrf={csrf} />}
    </div>
  );
}

function lookups({ hits, misses }: CacheStats): string {
  return hits + misses === 0 ? OVERVIEW.noLookups : OVERVIEW.ofLookups(count(hits + misses));
}

function Namespaces({ rows }: { rows: NonNullable<CacheStats["namespaces"]> }) {
  if (rows.length === 0) return <Empty>{T.noNamespaces}</Empty>;
  return (
    <table class="rows">
      <thead>
        <tr>
          <th scope="col">{T.namespace}</th>
          <th scope="col" class="number">{T.keys}</th>
          <th scope="col" class="number wide">{T.hits}</th>
          <th scope="col" class="number wide">{T.misses}</th>
          <th scope="col" class="number">{T.hitRate}</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ name, keys, hits, misses, hit_rate }) => (
          <tr key={name}>
            <td>
              <code>{name}</code>
              {hit_rate !== null && <Meter name={T.hitRate} value={hit_rate} />}
            </td>
            <td class="number">{count(keys)}</td>
            <td class="number wide">{count(hits)}</td>
            <td class="number wide">{count(misses)}</td>
            <td class="number">{percent(hit_rate)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function ClearPattern({ cache, csrf }: { cache: CacheStats; csrf: string }) {
  const read = (form: FormData) => String(form.get("pattern") ?? "").trim();
  return (
    <Panel title={T.clear} class="clear-cache">
      <ActionForm
        action="/cache"
        csrf={csrf}
        fields={{ do: "clear" }}
        label={T.clearGo}
        class="line"
        confirm={(form) => {
          const pattern = read(form);
          return pattern
            ? T.clearLike(pattern, keysOf(pattern, cache))
            : T.clearAll(counted(cache.total_keys, "key"));
        }}
        perform={async (form) => {
          const pattern = read(form);
          const body = pattern ? { pattern } : {};
          const done = await act<CacheCleared>("POST", "/cache/clear", csrf, body);
          const keys = counted(done.cleared_entries, "key");
          return done.complete === false ? T.clearing(keys) : T.cleared(keys);
        }}
      >
        <label class="field">
          <span>{T.clearField}</span>
          <input name="pattern" placeholder={T.clearHint} maxLength={200} autocomplete="off" />
        </label>
      </ActionForm>
      <p class="muted foot">{T.patternNote}</p>
    </Panel>
  );
}

/** How many keys a pattern like "answer:…" can touch at most; "" where that is not known. */
function keysOf(pattern: string, { namespaces }: CacheStats): string {
  const [name, ...rest] = pattern.split(":");
  const found = rest.length > 0 && namespaces?.find((one) => one.name === name);
  return found ? counted(found.keys, "key") : "";
}
