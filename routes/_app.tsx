import LiveInterval from "../islands/LiveInterval.tsx";
import LiveSwitch from "../islands/LiveSwitch.tsx";
import PageKeys from "../islands/PageKeys.tsx";
import { FRAME as T, PAGES } from "../islands/parts/texts.ts";
import { ROLE } from "../islands/parts/words.ts";
import type { AppProps } from "../lib/web/page.ts";
import type { Session } from "../lib/web/sessions.ts";
import type { PageState } from "./pages.ts";

type Path = keyof typeof PAGES;

/** In the bar; Settings are below the visitor's name. */
const TABS: Path[] = [
  "/",
  "/tasks",
  "/conversations",
  "/analytics",
  "/bots",
  "/cache",
  "/schedules",
  "/health",
];
/** Pages that refresh themselves. */
const LIVE = new Set<Path>(["/", "/tasks", "/conversations", "/cache", "/schedules", "/health"]);

/** The document around every page. */
export default function App({ page, title, url, state, href }: AppProps<PageState | null>) {
  const session = state?.session ?? null;
  const here = TABS.findLast((tab) => url.pathname === tab || inside(url.pathname, tab));
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="robots" content="noindex" />
        <title>{title ? T.title(title) : T.name}</title>
        <link
          rel="preload"
          href={href("fonts/geist.woff2")}
          as="font"
          type="font/woff2"
          crossOrigin="anonymous"
        />
        <link rel="stylesheet" href={href("styles.css")} />
        <link rel="icon" href={href("icon.svg")} type="image/svg+xml" />
        {session && <script type="module" src={href("client.js")} />}
      </head>
      <body>
        <a class="skip" href="#main">{T.skip}</a>
        <header class="top">
          <a class="brand" href="/">
            <img src={href("icon.svg")} alt="" width="22" height="22" />
            <span>{T.name}</span>
          </a>
          {session && (
            <>
              <nav aria-label={T.pages}>
                {TABS.map((tab) => (
                  <a
                    key={tab}
                    href={tab}
                    aria-current={tab === here ? url.pathname === tab ? "page" : "true" : undefined}
                  >
                    {PAGES[tab]}
                  </a>
                ))}
              </nav>
              {here && LIVE.has(here) && <LiveSwitch />}
              <Account session={session} />
            </>
          )}
        </header>
        <main id="main">{page}</main>
        {session && <PageKeys />}
      </body>
    </html>
  );
}

function Account({ session }: { session: Session }) {
  return (
    <details class="account">
      <summary>{session.subject}</summary>
      <div>
        <p>
          {T.signedInAs} <b>{session.subject}</b>
          <br />
          <span class="muted">{ROLE[session.role]}</span>
        </p>
        <LiveInterval />
        <a href="/settings">{PAGES["/settings"]}</a>
        <form method="post" action="/sign-out">
          <input type="hidden" name="csrf" value={session.csrf} />
          <button type="submit" class="button">{T.signOut}</button>
        </form>
      </div>
    </details>
  );
}

/** The Overview is not the home of every other page. */
const inside = (path: string, tab: string) => tab !== "/" && path.startsWith(`${tab}/`);
