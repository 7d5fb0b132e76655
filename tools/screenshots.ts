/**
 * Pictures of every page in both themes, taken of the demo with Chromium, for the documentation:
 * `deno task screenshots [folder]`.
 */
import type { Page } from "playwright-core";
import { islandsReady, startBrowser } from "../tests/support/browser.ts";
import { startDemo } from "../tests/support/demo.ts";
import { DEMO_BOTS } from "../lib/cli/demo/demo.ts";
import { ensurePrograms } from "./programs.ts";

const FOLDER = "docs/screenshots";
/** So long the demo's traffic runs before the first picture, in milliseconds. */
const LIVED_MS = 15_000;
const DAY_MS = 86_400_000;
const THEMES = ["light", "dark"] as const;
const LAPTOP = { width: 1280, height: 860 };
const PHONE = { width: 390, height: 844 };

/** A day as the dashboard's addresses write it. */
const day = (at: number) => new Date(at).toISOString().slice(0, 10);

/** Name of the picture → address of the page. */
function pages(now: number): Record<string, string> {
  return {
    overview: "/",
    tasks: "/tasks",
    conversations: "/conversations",
    analytics: "/analytics",
    bots: "/bots",
    cache: "/cache",
    schedules: "/schedules",
    health: "/health",
    settings: "/settings",
    bot: `/bots/${DEMO_BOTS[0]!.botId}`,
    "report-day": `/analytics?report=daily&date=${day(now - DAY_MS)}`,
    "report-week": `/analytics?report=weekly&date=${day(now - 7 * DAY_MS)}`,
    "report-month": `/analytics?report=monthly&date=${day(now - 31 * DAY_MS)}`,
  };
}

async function shoot(page: Page, name: string, folder: string): Promise<void> {
  await islandsReady(page);
  await page.screenshot({ path: `${folder}/${name}.png`, animations: "disabled" });
  console.log(`${folder}/${name}.png`);
}

if (import.meta.main) {
  const folder = Deno.args[0] ?? FOLDER;
  await ensurePrograms(["chromium"]);
  await Deno.mkdir(folder, { recursive: true });
  await using demo = await startDemo();
  await using browser = await startBrowser();
  const { origin } = new URL(demo.link);
  const first = await browser.open({ size: LAPTOP });
  await first.page.goto(demo.link);
  const cookies = await first.context.cookies();
  await new Promise((resolve) => setTimeout(resolve, LIVED_MS));
  for (const theme of THEMES) {
    const stranger = await browser.open({ size: LAPTOP, colorScheme: theme });
    await stranger.page.goto(`${origin}/sign-in`);
    await shoot(stranger.page, `sign-in-${theme}`, folder);
    for (const [size, kind] of [[LAPTOP, ""], [PHONE, "phone-"]] as const) {
      const { page, context } = await browser.open({ size, colorScheme: theme });
      await context.addCookies(cookies);
      const shown = Object.entries(pages(Date.now()));
      // Fonts are taken up from the second page on.
      await page.goto(`${origin}/settings`);
      await page.evaluate(() => document.fonts.ready.then(() => {}));
      for (const [name, path] of kind ? shown.slice(0, 1) : shown) {
        await page.goto(origin + path);
        await shoot(page, `${kind}${name}-${theme}`, folder);
      }
      if (kind) continue;
      for (
        const [list, name] of [["/tasks", "task"], ["/conversations", "conversation"]] as const
      ) {
        await page.goto(origin + list);
        await page.click(`tbody a[href^="${list}/"]`);
        await page.waitForURL(`**${list}/*`);
        await shoot(page, `${name}-${theme}`, folder);
      }
    }
  }
}
