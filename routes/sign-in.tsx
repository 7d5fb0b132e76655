import { AppError } from "../lib/errors.ts";
import { Prose } from "../islands/parts/pieces.tsx";
import { SIGN_IN as T } from "../islands/parts/texts.ts";
import type { PageContext, PageProps } from "../lib/web/page.ts";
import type { PageState } from "./pages.ts";

export interface SignInData {
  next: string;
  problem?: string;
  /** The provider people may sign in with, if there is one. */
  provider?: string | null;
}

export const config = { open: true };

export const handler = {
  async GET(ctx: PageContext<PageState>): Promise<Response> {
    const next = pathWithin(ctx.url.searchParams.get("next"));
    const code = ctx.url.searchParams.get("code");
    if (code !== null) {
      if (await ctx.state.redeem(code)) return ctx.redirect(next);
      const problem = T.usedLink;
      return ctx.render({ next, problem, provider: ctx.state.provider }, {
        status: 401,
        title: T.title,
      });
    }
    if (ctx.state.session) return ctx.redirect(next);
    return ctx.render({ next, provider: ctx.state.provider }, { title: T.title });
  },

  async POST(ctx: PageContext<PageState>): Promise<Response> {
    const form = await ctx.hono.req.parseBody();
    const next = pathWithin(form["next"]);
    const token = typeof form["token"] === "string" ? form["token"].trim() : "";
    try {
      if (token && await ctx.state.signIn(token)) return ctx.redirect(next);
    } catch (thrown) {
      if (!(thrown instanceof AppError) || thrown.code !== "rate_limited") throw thrown;
      const wait = thrown.retryAfterSeconds ?? 60;
      const problem = T.tooMany(String(wait));
      const headers = { "retry-after": String(wait) };
      return ctx.render({ next, problem, provider: ctx.state.provider }, {
        status: 429,
        title: T.title,
        headers,
      });
    }
    const problem = token ? T.invalid : T.empty;
    return ctx.render({ next, problem, provider: ctx.state.provider }, {
      status: 401,
      title: T.title,
    });
  },
};

/** A path of ours to go to afterwards, never another site. */
export function pathWithin(next: unknown): string {
  if (typeof next !== "string" || !next.startsWith("/")) return "/";
  const base = "http://here.invalid";
  if (!URL.canParse(next, base)) return "/";
  const { origin, pathname, search } = new URL(next, base);
  // "/..//x" has become "//x", which a browser takes for another host.
  return origin === base && !pathname.startsWith("//") ? pathname + search : "/";
}

/** Signing in with a token, which is then kept as a session in a cookie no script can read. */
export default function SignIn({ data }: PageProps<SignInData, PageState>) {
  return (
    <section class="lonely sign-in">
      <h1>{T.title}</h1>
      {data.provider && (
        <>
          <a class="button" href={`/oauth/start?next=${encodeURIComponent(data.next)}`}>
            {T.with(data.provider)}
          </a>
          <p class="muted">{T.orToken}</p>
        </>
      )}
      <form method="post" action="/sign-in">
        <input type="hidden" name="next" value={data.next} />
        <label class="field">
          <span>{T.token}</span>
          <input
            name="token"
            type="password"
            required
            autofocus
            autocomplete="current-password"
            spellcheck={false}
            maxLength={8192}
            aria-describedby={data.problem ? "problem" : "where"}
            aria-invalid={data.problem ? "true" : undefined}
          />
        </label>
        {data.problem && <p id="problem" class="bad" role="alert">{data.problem}</p>}
        <button type="submit" class="button primary">{T.go}</button>
      </form>
      <p id="where" class="muted">
        <Prose parts={T.where} />
      </p>
    </section>
  );
}
