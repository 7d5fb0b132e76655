import { SIGN_IN as T } from "../islands/parts/texts.ts";
import type { PageContext } from "../lib/web/page.ts";
import type { PageState } from "./pages.ts";

export const config = { open: true };

export const handler = {
  async POST(ctx: PageContext<PageState>): Promise<Response> {
    await ctx.state.signOut();
    return ctx.redirect("/sign-out");
  },
};

export default function SignedOut() {
  return (
    <section class="lonely">
      <h1>{T.signedOut}</h1>
      <p>
        <a class="button primary" href="/sign-in">{T.again}</a>
      </p>
    </section>
  );
}
