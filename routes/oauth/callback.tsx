import { AppError } from "../../lib/errors.ts";
import { SIGN_IN as T } from "../../islands/parts/texts.ts";
import type { PageContext } from "../../lib/web/page.ts";
import type { PageState } from "../pages.ts";
import SignIn, { pathWithin } from "../sign-in.tsx";

export const config = { open: true };

const PROBLEMS = {
  stranger: { status: 403, text: T.stranger },
  failed: { status: 401, text: T.failed },
};

/** Where the sign-in provider sends people back to. */
export const handler = {
  async GET(ctx: PageContext<PageState>): Promise<Response> {
    const { provider } = ctx.state;
    if (!provider) return ctx.notFound();
    const refuse = (problem: string, status: number, headers = {}) =>
      ctx.render({ next: "/", problem, provider }, {
        status,
        title: T.title,
        headers: { "cache-control": "no-store", ...headers },
      });
    try {
      const end = await ctx.state.finishOAuth(ctx.url.searchParams);
      if (end.kind === "allowed") {
        return ctx.redirect(pathWithin(end.next), { "cache-control": "no-store" });
      }
      const { text, status } = PROBLEMS[end.kind];
      return refuse(text, status);
    } catch (thrown) {
      if (!(thrown instanceof AppError) || thrown.code !== "rate_limited") throw thrown;
      const wait = String(thrown.retryAfterSeconds ?? 60);
      return refuse(T.tooMany(wait), 429, { "retry-after": wait });
    }
  },
};

export default SignIn;
