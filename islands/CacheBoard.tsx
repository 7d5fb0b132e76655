import type { CacheStats } from "../lib/wire/cache.ts";
import { useLivePage } from "./client/use_live.ts";
import { ClearCache } from "./parts/ClearCache.tsx";
import { bytes, count, duration, mean, NONE, percent, perSecond } from "./parts/format.ts";
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
            {cache.redis?.reason && <span class="muted">({cache.redis.reason})</span>}
          </p>
        )}
        <dl class="figures">
          <Figure name={T.hitRate} value={percent(cache.hit_rate)} note={lookups(cache)} />
          <Figure name={T.hits} value={count(cache.hits)} />
          <Figure name={T.misses} value={count(cache.misses)} />
          <Figure name={T.keys} value={count(cache.total_keys)} note={cache.memory_usage} />
          {cache.saved !== undefined && cache.saved.tokens > 0 && (
            <Figure
              name={T.spared}
              value={count(cache.saved.tokens)}
              note={T.sparedCost(mean(cache.saved.cost_micros / 1e6))}
            />
          )}
          <Figure
            name={T.operations}
            value={perSecond(cache.operations_per_second)}
            note={T.up(duration(cache.uptime_seconds * 1000))}
          />
        </dl>
      </section>
      <Panel title={T.namespaces} class={operator ? "" : "full"}>
        <Namespaces rows={cache.namespaces ?? []} />
        <p class="muted foot">{T.namespacesNote}</p>
      </Panel>
      {operator && (
        <Panel title={T.clear} class="clear-cache">
          <ClearCache csrf={csrf} />
          <p class="muted foot">{T.patternNote}</p>
        </Panel>
      )}
      {cache.tiers && (
        <Panel title={T.tiers} class="full">
          <Tiers rows={cache.tiers} />
        </Panel>
      )}
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
              {name
                ? <a class="mono" href={`/cache?find=${encodeURIComponent(`${name}:*`)}`}>{name}</a>
                : <span class="muted">{T.noNamespace}</span>}
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

function Tiers({ rows }: { rows: NonNullable<CacheStats["tiers"]> }) {
  return (
    <table class="rows">
      <thead>
        <tr>
          <th scope="col">{T.tierHead}</th>
          <th scope="col">{T.tierState}</th>
          <th scope="col" class="number">{T.hits}</th>
          <th scope="col" class="number">{T.keys}</th>
          <th scope="col" class="number wide">{T.size}</th>
          <th scope="col" class="number wide">{T.evicted}</th>
          <th scope="col" class="number wide">{T.p95}</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((tier) => (
          <tr key={tier.name}>
            <td>{T.tier[tier.name]}</td>
            <td>
              <Badge tone={tier.active ? "ok" : "idle"}>{tier.active ? T.answers : T.rests}</Badge>
            </td>
            <td class="number">{count(tier.hits)}</td>
            <td class="number">{count(tier.keys)}</td>
            <td class="number wide">{bytes(tier.bytes)}</td>
            <td class="number wide">{count(tier.evictions)}</td>
            <td class="number wide">{lookupTime(tier.p95_ms)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Lookups in the process take less than a microsecond. */
function lookupTime(ms: number | null): string {
  if (ms === null) return NONE;
  return ms < 0.1 ? `${mean(ms * 1_000)} µs` : ms < 10 ? `${mean(ms)} ms` : duration(ms);
}
