import { act } from "./client/api.ts";
import { ActionForm } from "./parts/ActionForm.tsx";
import { Panel } from "./parts/pieces.tsx";
import { CACHE as T } from "./parts/texts.ts";

interface KeyViewProps {
  cacheKey: string;
  value: unknown;
  operator: boolean;
  csrf: string;
}

/** One entry of the cache, and clearing it. */
export default function KeyView({ cacheKey, value, operator, csrf }: KeyViewProps) {
  const text = typeof value === "string" ? value : JSON.stringify(value, null, 2);
  return (
    <Panel title={T.value} aside={<code>{cacheKey}</code>} class="value">
      <pre tabIndex={0} role="region" aria-label={cacheKey}>{text}</pre>
      {operator && (
        <ActionForm
          action="/cache"
          csrf={csrf}
          fields={{ do: "remove", key: cacheKey }}
          label={T.remove}
          class="foot"
          confirm={() => T.removeAsk(cacheKey)}
          perform={async () => {
            const path = `/cache/key/${encodeURIComponent(cacheKey)}`;
            const { deleted } = await act<{ deleted: boolean }>("DELETE", path, csrf);
            return deleted ? T.removed : T.absent;
          }}
        />
      )}
    </Panel>
  );
}
