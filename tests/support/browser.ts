/** A real Chromium for tests, driven by playwright-core. */
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";

const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
/** Only what never comes takes this long. */
const LONGEST_MS = 60_000;
/** Where Debian's `chromium` is; CHROMIUM names another. */
const EXECUTABLE = Deno.env.get("CHROMIUM") ?? "/usr/bin/chromium";

export interface OpenPageOptions {
  /** CSS pixels; the default is a small laptop. */
  size?: { width: number; height: number };
  javaScript?: boolean;
  colorScheme?: "light" | "dark";
}

export interface TestBrowser extends AsyncDisposable {
  /** A page of its own profile. What goes wrong in it is collected in `problems`. */
  open(
    options?: OpenPageOptions,
  ): Promise<{ page: Page; context: BrowserContext; problems: string[] }>;
}

export async function startBrowser(): Promise<TestBrowser> {
  const browser: Browser = await chromium.launch({
    executablePath: EXECUTABLE,
    args: FLAGS,
    timeout: LONGEST_MS,
  });
  return {
    async open({ size = { width: 1280, height: 800 }, javaScript = true, colorScheme } = {}) {
      const context = await browser.newContext({
        viewport: size,
        javaScriptEnabled: javaScript,
        colorScheme: colorScheme ?? "light",
        timezoneId: "Europe/Berlin",
        locale: "en-GB",
      });
      context.setDefaultTimeout(LONGEST_MS);
      const page = await context.newPage();
      const problems: string[] = [];
      page.on("pageerror", (error) => problems.push(String(error)));
      page.on("console", (message) => {
        if (message.type() === "error" || message.type() === "warning") {
          problems.push(message.text());
        }
      });
      return { page, context, problems };
    },
    async [Symbol.asyncDispose]() {
      await browser.close();
    },
  };
}

/** Waits until every island of the page answers to the user. */
export async function islandsReady(page: Page): Promise<void> {
  await page.waitForFunction(() =>
    [...document.querySelectorAll("island-root")].every((island) => island.hasAttribute("ready"))
  );
}

/** True when something sticks out to the right, so that the page would scroll sideways. */
export function overflowsSideways(page: Page): Promise<boolean> {
  return page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
}
