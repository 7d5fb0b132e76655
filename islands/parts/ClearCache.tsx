import type { CacheCleared } from "../../lib/wire/cache.ts";
import { act } from "../client/api.ts";
import { ActionForm } from "./ActionForm.tsx";
import { CACHE as T, COUNTED } from "./texts.ts";

/** Clears what a pattern matches, after a dry run has told how much that is. */
export function ClearCache({ csrf }: { csrf: string }) {
  const read = (form: FormData) => String(form.get("pattern") ?? "").trim();
  const clear = (pattern: string, dryRun: boolean) =>
    act<CacheCleared>("POST", "/cache/clear", csrf, {
      ...(pattern ? { pattern } : {}),
      ...(dryRun ? { dry_run: true } : {}),
    });
  return (
    <ActionForm
      action="/cache"
      csrf={csrf}
      fields={{ do: "count" }}
      label={T.clearGo}
      class="line"
      confirm={async (form) => {
        const found = await clear(read(form), true);
        const keys = COUNTED.keys(found.cleared_entries);
        if (found.complete === false) return T.clearAsk(T.atLeast(keys), read(form));
        if (found.cleared_entries === 0) return { instead: T.clearNone };
        return T.clearAsk(keys, read(form));
      }}
      perform={async (form) => {
        const done = await clear(read(form), false);
        const keys = COUNTED.keys(done.cleared_entries);
        return done.complete === false ? T.clearing(keys) : T.cleared(keys);
      }}
    >
      <label class="field">
        <span>{T.clearField}</span>
        <input name="pattern" placeholder={T.clearHint} maxLength={200} autocomplete="off" />
      </label>
    </ActionForm>
  );
}
