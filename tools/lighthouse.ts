/**
 * Lighthouse's scores of the three pages that most people open, signed in, over the demo:
 * `deno run -A tools/lighthouse.ts`. Lighthouse comes by npx and is no part of the project; it needs
 * Node 22 for its newest versions, so one is named here.
 */
import { startBrowser } from "../tests/support/browser.ts";
import { startDemo } from "../tests/support/demo.ts";
import { ensurePrograms } from "./programs.ts";

const LIGHTHOUSE = "lighthouse@12.8.2";
const PAGES = { Overview: "/", "Background Tasks": "/tasks", Analytics: "/analytics" };
const FORMS = { desktop: ["--preset=desktop"], phone: [] };
const CHROMIUM = Deno.env.get("CHROMIUM") ?? "/usr/bin/chromium";
/** So long the demo's traffic runs before the first page is measured, in milliseconds. */
const LIVED_MS = 15_000;

interface Report {
  categories: Record<string, { score: number | null }>;
  audits: Record<string, { numericValue?: number }>;
}

/** The cookie of a session that the demo's link begins. */
async function signIn(link: string): Promise<string> {
  await using browser = await startBrowser();
  const { page, context } = await browser.open();
  await page.goto(link);
  return (await context.cookies()).map(({ name, value }) => `${name}=${value}`).join("; ");
}

async function measure(url: string, cookie: string, flags: string[]): Promise<Report> {
  const { success, stdout } = await new Deno.Command("npx", {
    args: [
      "-y",
      LIGHTHOUSE,
      url,
      ...flags,
      "--only-categories=performance,accessibility",
      "--chrome-flags=--headless=new --no-sandbox --disable-gpu",
      `--extra-headers=${JSON.stringify({ cookie })}`,
      "--output=json",
      "--quiet",
    ],
    env: { CHROME_PATH: CHROMIUM },
    stdin: "null",
    stderr: "inherit",
  }).output();
  if (!success) throw new Error(`Lighthouse could not measure ${url}`);
  return JSON.parse(new TextDecoder().decode(stdout));
}

if (import.meta.main) {
  await ensurePrograms(["chromium"]);
  await using demo = await startDemo();
  await new Promise((resolve) => setTimeout(resolve, LIVED_MS));
  const { origin } = new URL(demo.link);
  const cookie = await signIn(demo.link);
  console.log("| page | on | performance | accessibility | first paint | shift |");
  console.log("| --- | --- | --- | --- | --- | --- |");
  for (const [name, path] of Object.entries(PAGES)) {
    for (const [form, flags] of Object.entries(FORMS)) {
      const { categories, audits } = await measure(origin + path, cookie, flags);
      const score = (of: string) => Math.round((categories[of]?.score ?? 0) * 100);
      const paint = Math.round(audits["first-contentful-paint"]?.numericValue ?? 0);
      const shift = (audits["cumulative-layout-shift"]?.numericValue ?? 0).toFixed(3);
      console.log(
        `| ${name} | ${form} | ${score("performance")} | ${
          score("accessibility")
        } | ${paint} ms | ${shift} |`,
      );
    }
  }
}
