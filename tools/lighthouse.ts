/**
 * Lighthouse's scores of the three pages that most people open, signed in, over the demo:
 * `deno run -A tools/lighthouse.ts`. Lighthouse comes by npx and is no part of the project; it needs
 * Node 22 for its newest versions, so one is named here.
 */
import { type BrowserContext, chromium } from "playwright-core";
import { startDemo } from "../tests/support/demo.ts";
import { freePort } from "../tests/support/ports.ts";
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

/**
 * A browser with this profile, for Lighthouse to measure in: a cookie among extra headers is not sent
 * by what a page fetches itself, which then would measure a session that ended.
 */
async function startProfile(profile: string, port = 0): Promise<BrowserContext> {
  return await chromium.launchPersistentContext(profile, {
    executablePath: CHROMIUM,
    args: ["--headless=new", "--no-sandbox", "--disable-gpu", `--remote-debugging-port=${port}`],
  });
}

/** Signs the profile in with the demo's link. */
async function signIn(profile: string, link: string): Promise<void> {
  await using context = await startProfile(profile);
  await (await context.newPage()).goto(link);
}

async function measure(url: string, profile: string, flags: string[]): Promise<Report> {
  const port = freePort();
  await using _browser = await startProfile(profile, port);
  const { success, stdout } = await new Deno.Command("npx", {
    args: [
      "-y",
      LIGHTHOUSE,
      url,
      ...flags,
      "--only-categories=performance,accessibility",
      `--port=${port}`,
      "--disable-storage-reset",
      "--output=json",
      "--quiet",
    ],
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
  await using stack = new AsyncDisposableStack();
  const profile = await Deno.makeTempDir({ prefix: "pixel-lighthouse-" });
  stack.defer(() => Deno.remove(profile, { recursive: true }));
  await signIn(profile, demo.link);
  console.log("| page | on | performance | accessibility | first paint | shift |");
  console.log("| --- | --- | --- | --- | --- | --- |");
  for (const [name, path] of Object.entries(PAGES)) {
    for (const [form, flags] of Object.entries(FORMS)) {
      const { categories, audits } = await measure(origin + path, profile, flags);
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
