import type { Page } from "playwright-core";
import {
  islandsReady,
  type OpenPageOptions,
  startBrowser,
  type TestBrowser,
} from "../support/browser.ts";
import { type DashboardServer, OPERATOR_TOKEN, startDashboard } from "./dashboard_server.ts";

export interface Visit extends AsyncDisposable {
  server: DashboardServer;
  browser: TestBrowser;
  /** Opens a path in a new profile, signed in, with its islands ready. */
  open(
    path: string,
    options?: OpenPageOptions & { token?: string },
  ): Promise<{ page: Page; problems: string[] }>;
}

/** A dashboard on a port of its own, and a browser to look at it. */
export async function visitDashboard(): Promise<Visit> {
  const server = await startDashboard();
  const browser = await startBrowser();
  return {
    server,
    browser,
    async open(path, { token = OPERATOR_TOKEN, ...options } = {}) {
      const opened = await browser.open(options);
      const { page } = opened;
      await page.goto(`${server.url}/sign-in?next=${encodeURIComponent(path)}`);
      await page.fill("[name=token]", token);
      await page.click("main button");
      if (options.javaScript !== false) {
        await islandsReady(page);
        if (page.url() !== `${server.url}/sign-in`) {
          await page.waitForFunction(() => document.cookie.includes("zone="));
        }
      }
      return opened;
    },
    async [Symbol.asyncDispose]() {
      await browser[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}
