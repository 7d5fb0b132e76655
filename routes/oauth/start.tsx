import type { PageContext } from "../../lib/web/page.ts";
import type { PageState } from "../pages.ts";
import { pathWithin } from "../sign-in.tsx";

export const config = { open: true };

/** Sends the browser to the sign-in provider. */
export const handler = {
  async GET(ctx: PageContext<PageState>): Promise<Response> {
    if (!ctx.state.provider) return ctx.notFound();
    const next = pathWithin(ctx.url.searchParams.get("next"));
    if (ctx.state.session) return ctx.redirect(next);
    return ctx.redirect(await ctx.state.beginOAuth(next), { "cache-control": "no-store" });
  },
};

export default () => null;
