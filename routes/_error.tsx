import { FRAME as T } from "../islands/parts/texts.ts";
import type { ErrorPageProps } from "../lib/web/file_routes.ts";

/** What stands in the place of a page that does not exist or failed. */
export default function ErrorPage({ status, message, requestId }: ErrorPageProps) {
  return (
    <section class="lonely">
      <p class="muted">{status}</p>
      <h1>{message}</h1>
      {requestId && <p class="muted">{T.log(requestId)}</p>}
      <p>
        <a class="button" href="/">{T.home}</a>
      </p>
    </section>
  );
}
