import { statfs } from "node:fs/promises";
import { Command } from "commander";
import { type Config } from "../../config/config.ts";
import { messageOf } from "../../errors.ts";
import { lockHolder } from "../../kv/data_lock.ts";
import { Backups } from "../../monitoring/backup.ts";
import { openOffsite } from "../../monitoring/offsite_backups.ts";
import { checkSmtp } from "../../notifications/email.ts";
import type { HealthReport } from "../../wire/schemas/system.ts";
import { ApiProblem, Unreachable } from "../api_client.ts";
import { type Cli, type CommonFlags, print } from "../cli.ts";
import { connect } from "../connect.ts";
import { CliError } from "../context.ts";
import { formatBytes } from "../format.ts";
import { configOf } from "../stopped_database.ts";

type Verdict = "ok" | "warn" | "fail";

/** One thing that was looked at. */
interface Finding {
  check: string;
  verdict: Verdict;
  detail: string;
}

const TESTED_DENO = "2.9.6";
const CONNECT_MS = 3_000;
const STALE_BACKUP_MS = 26 * 3_600_000;

/** `doctor`: what stands in the way of the service, whether it runs or not. */
export function doctorCommand(cli: Cli): Command {
  const { context } = cli;
  return new Command("doctor")
    .description("Checks configuration, folder, disk, port and everything the service talks to.")
    .addHelpText(
      "after",
      `
It changes nothing and works whether the service runs or not. The exit code is 1 when something
fails; what only deserves a look is a warning.

Example:
  deno task pixel doctor`,
    )
    .action(async (_flags: unknown, command: Command) => {
      const flags = command.optsWithGlobals<CommonFlags>();
      const findings = await examine(cli, flags);
      const failed = findings.some(({ verdict }) => verdict === "fail");
      print(
        cli,
        flags,
        { ok: !failed, findings },
        () =>
          findings.map(({ check, verdict, detail }) =>
            `${verdict.padEnd(4)}  ${check.padEnd(14)} ${detail}\n`
          ).join(""),
      );
      if (failed) cli.finish(1);
      context.signal.throwIfAborted();
    });
}

async function examine(cli: Cli, flags: CommonFlags): Promise<Finding[]> {
  const runtime = finding(
    "runtime",
    Deno.version.deno === TESTED_DENO ? "ok" : "warn",
    `Deno ${Deno.version.deno}; tested with ${TESTED_DENO}`,
  );
  let config: Config;
  try {
    config = configOf(cli.context);
  } catch (error) {
    return [runtime, finding("configuration", "fail", messageOf(error))];
  }
  const elsewhere = Boolean(flags.url || cli.context.env.PIXEL_URL);
  return [
    runtime,
    finding("configuration", "ok", "every variable can be used"),
    ...(elsewhere || config.kvUrl ? [] : [
      await looked("folder", () => folder(config)),
      await looked("disk", () => disk(config)),
      await looked("backups", () => backups(config)),
      await looked("bucket", () => bucket(config)),
    ]),
    await looked("service", () => service(cli, flags, config, elsewhere)),
    await looked("redis", () => redis(config)),
    await looked("mail", () => mail(config)),
    await looked("model", () => model(config)),
  ];
}

const finding = (check: string, verdict: Verdict, detail: string): Finding => ({
  check,
  verdict,
  detail,
});

async function looked(
  check: string,
  look: () => Promise<[Verdict, string]>,
): Promise<Finding> {
  try {
    return finding(check, ...await look());
  } catch (error) {
    return finding(check, "fail", messageOf(error, 300));
  }
}

async function folder({ dataDir }: Config): Promise<[Verdict, string]> {
  const info = await Deno.stat(dataDir).catch(() => null);
  if (!info) return ["ok", `${dataDir} does not exist yet; the first start makes it`];
  const trial = `${dataDir}/.doctor-${crypto.randomUUID()}`;
  await Deno.writeTextFile(trial, "");
  await Deno.remove(trial);
  const holder = await lockHolder(dataDir);
  const user = holder ? `used by process ${holder.pid ?? "?"}` : "no process uses it";
  return ["ok", `${dataDir} can be written; ${user}`];
}

async function disk({ dataDir, limits }: Config): Promise<[Verdict, string]> {
  const stat = await statfs(await Deno.stat(dataDir).then(() => dataDir, () => "."));
  const free = stat.bavail * stat.bsize;
  const reserve = limits.diskReserveBytes;
  const verdict = free < reserve ? "fail" : free < 2 * reserve ? "warn" : "ok";
  return [verdict, `${formatBytes(free)} free, ${formatBytes(reserve)} are kept in reserve`];
}

async function backups({ dataDir }: Config): Promise<[Verdict, string]> {
  const path = `${dataDir}/pixel.sqlite`;
  if (!await Deno.stat(path).catch(() => null)) return ["ok", "there is no database yet"];
  const newest = await new Backups(`${dataDir}/backups`, path).newestAt();
  if (newest === null) return ["warn", "there is none yet: deno task pixel backup"];
  const verdict = Date.now() - newest > STALE_BACKUP_MS ? "warn" : "ok";
  return [verdict, `the newest is of ${new Date(newest).toISOString().slice(0, 16)}Z`];
}

async function bucket(config: Config): Promise<[Verdict, string]> {
  const offsite = openOffsite(config);
  if (!offsite) return ["ok", "not configured; backups stay on this disk"];
  const { address } = offsite.bucket;
  const [newest] = await offsite.list(AbortSignal.timeout(CONNECT_MS));
  if (!newest) return ["warn", `${address} holds no backup yet`];
  const verdict = Date.now() - newest.at > STALE_BACKUP_MS ? "warn" : "ok";
  return [
    verdict,
    `${address}: the newest is of ${new Date(newest.at).toISOString().slice(0, 16)}Z`,
  ];
}

async function service(
  { context }: Cli,
  flags: CommonFlags,
  { dataDir, host, port }: Config,
  elsewhere: boolean,
): Promise<[Verdict, string]> {
  try {
    const api = await connect(context.env, flags);
    const { health_report } = await api.request<{ health_report: HealthReport }>("GET", "/health", {
      timeoutMs: CONNECT_MS,
    });
    const { status, checks } = health_report as HealthReport & {
      checks: { name: string; status: string; detail?: string }[];
    };
    const bad = checks.filter((check) => check.status !== "healthy")
      .map(({ name, detail }) => detail ? `${name}: ${detail}` : name);
    const verdict = status === "healthy" ? "ok" : status === "degraded" ? "warn" : "fail";
    return [verdict, [`${api.url} is ${status}`, ...bad].join("; ")];
  } catch (error) {
    if (error instanceof ApiProblem || elsewhere || !(error instanceof CliError)) throw error;
    if (await lockHolder(dataDir)) {
      return ["fail", `a process uses ${dataDir}, but: ${messageOf(error)}`];
    }
    if (!(error instanceof Unreachable) && await connects(host, port)) {
      return ["fail", `something else listens on port ${port}`];
    }
    return ["warn", `no service is running; port ${port} is free`];
  }
}

async function redis({ cache: { redisUrl, prefix } }: Config): Promise<[Verdict, string]> {
  if (!redisUrl) return ["ok", "not configured; the cache is in memory"];
  const { checkRedis } = await import("../../cache/check_redis.ts");
  return ["ok", `${await checkRedis({ url: redisUrl, prefix, timeoutMs: CONNECT_MS })} lets us in`];
}

async function mail({ smtpUrl, mailFrom }: Config): Promise<[Verdict, string]> {
  if (!smtpUrl) return ["ok", "not configured; nothing is sent by e-mail"];
  await checkSmtp({ url: smtpUrl, from: mailFrom, timeoutMs: CONNECT_MS });
  return ["ok", `${new URL(smtpUrl).hostname} lets us in`];
}

async function model({ ai }: Config): Promise<[Verdict, string]> {
  if (!ai.baseUrl) return ["ok", "not configured; answers come from each bot's own knowledge"];
  const response = await fetch(`${ai.baseUrl.replace(/\/$/, "")}/models`, {
    headers: ai.apiKey ? { authorization: `Bearer ${ai.apiKey}` } : {},
    signal: AbortSignal.timeout(CONNECT_MS),
  });
  await response.body?.cancel();
  if (response.status === 401 || response.status === 403) {
    return ["fail", `the provider refuses AI_API_KEY (status ${response.status})`];
  }
  return [response.status < 500 ? "ok" : "fail", `the provider answers ${response.status}`];
}

async function connects(hostname: string, port: number): Promise<boolean> {
  return await connected(hostname, port).then(() => true, () => false);
}

async function connected(hostname: string, port: number): Promise<void> {
  const connection = await Deno.connect({
    hostname,
    port,
    signal: AbortSignal.timeout(CONNECT_MS),
  });
  connection.close();
}
