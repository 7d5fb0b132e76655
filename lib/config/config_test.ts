import assert from "node:assert/strict";
import fc from "fast-check";
import { ConfigError, configurationTable, loadConfig } from "./config.ts";
import { VARIABLES } from "./variables.ts";

const refused = (env: Record<string, string>): ConfigError => {
  try {
    loadConfig(env);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error;
  }
  assert.fail(`accepted ${JSON.stringify(env)}`);
};

const OAUTH = {
  PUBLIC_URL: "https://pixel.example",
  OAUTH_PROVIDER: "oidc",
  OAUTH_ISSUER: "https://id.example",
  OAUTH_CLIENT_ID: "client",
  OAUTH_CLIENT_SECRET: "client-secret",
  OAUTH_ALLOW: "ann@a.example=admin,@a.example=viewer,org:acme=operator",
};

Deno.test("without configuration the documented defaults hold", () => {
  const config = loadConfig({});
  assert.equal(config.port, 8002);
  assert.equal(config.host, "127.0.0.1");
  assert.equal(config.dataDir, "./data");
  assert.equal(config.cache.prefix, "pixel_ai");
  assert.equal(config.cache.redisUrl, undefined);
  assert.equal(config.limits.backlog, 2_000_000);
  assert.equal(config.limits.diskReserveBytes, 1024 ** 3);
  assert.equal(config.limits.requestsPerSecond, 2_000);
  assert.equal(config.limits.bodyBytes, 1024 ** 2);
  assert.equal(config.auth.jwt, undefined);
  assert.equal(config.log.format, "json");
  assert.equal(loadConfig({}, { terminal: true }).log.format, "pretty");
  assert.deepEqual(config.secrets, []);
});

Deno.test("alerts and reports go to one address or several, each checked", () => {
  const SMTP_URL = "smtp://mail.a.example";
  const emailsOf = (ALERT_EMAIL: string) => loadConfig({ SMTP_URL, ALERT_EMAIL }).alerts.emails;
  assert.deepEqual(loadConfig({}).alerts.emails, []);
  assert.deepEqual(emailsOf("ops@a.example"), ["ops@a.example"]);
  assert.deepEqual(emailsOf("ops@a.example, ann@b.example,ops@a.example,"), [
    "ops@a.example",
    "ann@b.example",
  ]);
  const reported = loadConfig({ SMTP_URL, REPORT_EMAIL: "a@a.example, b@b.example" });
  assert.deepEqual(reported.reportEmails, ["a@a.example", "b@b.example"]);
  const many = Array.from({ length: 21 }, (_, n) => `n${n}@a.example`);
  for (const wrong of [",", "a@b;c@d", "a@b, c", "a@b c@d", many.join()]) {
    assert.match(
      refused({ ALERT_EMAIL: wrong }).message,
      /ALERT_EMAIL must be an e-mail address, or up to 20 divided by commas/,
    );
    assert.match(
      refused({ REPORT_EMAIL: wrong }).message,
      /REPORT_EMAIL must be an e-mail address, or up to 20 divided by commas/,
    );
  }
});

Deno.test("what would silently do nothing is refused, and says what it lacks", () => {
  const provider = { AI_BASE_URL: "http://a.example", AI_MODEL: "m" };
  const rows: [Record<string, string>, RegExp][] = [
    [{ ALERT_EMAIL: "ops@a.example" }, /^ALERT_EMAIL needs SMTP_URL/],
    [{ REPORT_EMAIL: "ops@a.example" }, /^REPORT_EMAIL needs SMTP_URL/],
    [{ BACKUP_S3_KEY_ID: "id" }, /^BACKUP_S3_BUCKET must be set when BACKUP_S3_KEY_ID is$/],
    [{ ...provider, AI_DAILY_BUDGET: "5" }, /^AI_DAILY_BUDGET needs AI_PRICES/],
    [{ CACHE_MEMORY: "0" }, /^CACHE_MEMORY must be a size above 0 such as /],
    [{ LOG_FILE_SIZE: "0" }, /^LOG_FILE_SIZE must be a size above 0 such as /],
  ];
  for (const [env, message] of rows) assert.match(refused(env).message, message);
  const price = '{"input": 1, "output": 2}';
  loadConfig({ ...provider, AI_DAILY_BUDGET: "5", AI_PRICES: `{"*": ${price}}` });
  const fallback = `[{"baseUrl": "http://b.example", "model": "n", "prices": {"n": ${price}}}]`;
  loadConfig({ ...provider, AI_DAILY_BUDGET: "5", AI_FALLBACKS: fallback });
  loadConfig({ AI_DAILY_BUDGET: "5", DISK_RESERVE: "0" });
});

Deno.test("a model may be waited for as long as a turn can", () => {
  assert.equal(loadConfig({ AI_TIMEOUT_SECONDS: "110" }).ai.timeoutMs, 110_000);
  assert.match(
    refused({ AI_TIMEOUT_SECONDS: "111" }).message,
    /AI_TIMEOUT_SECONDS must be a whole number from 1 to 110/,
  );
});

Deno.test("a sign-in provider is configured as a whole", () => {
  const { auth, secrets } = loadConfig(OAUTH);
  assert.equal(auth.oauth?.provider, "oidc");
  assert.deepEqual(auth.oauth?.allow, OAUTH.OAUTH_ALLOW.split(","));
  assert.deepEqual(secrets, ["client-secret"]);
  assert.ok(loadConfig({ ...OAUTH, OAUTH_ISSUER: "http://127.0.0.1:9/x" }).auth.oauth);
  assert.ok(loadConfig({ ...OAUTH, OAUTH_ISSUER: "", OAUTH_PROVIDER: "github" }).auth.oauth);
  assert.equal(loadConfig({ OAUTH_CLIENT_ID: "a" }).auth.oauth, undefined);
});

const BUCKET = {
  BACKUP_S3_ENDPOINT: "https://s3.example",
  BACKUP_S3_BUCKET: "backups",
  BACKUP_S3_KEY_ID: "the-key-id",
  BACKUP_S3_SECRET: "the-secret",
};

Deno.test("a bucket for backups is configured as a whole, and its key shows in no log", () => {
  const { backupBucket, secrets } = loadConfig({ ...BUCKET, BACKUP_S3_PREFIX: "a.b/c-d" });
  assert.deepEqual(backupBucket, {
    endpoint: "https://s3.example",
    bucket: "backups",
    prefix: "a.b/c-d",
    region: "us-east-1",
    keyId: "the-key-id",
    secret: "the-secret",
    pathStyle: true,
  });
  assert.deepEqual(secrets.toSorted(), ["the-key-id", "the-secret"]);
  assert.equal(loadConfig({}).backupBucket, undefined);
  for (const name of ["BACKUP_S3_ENDPOINT", "BACKUP_S3_KEY_ID", "BACKUP_S3_SECRET"]) {
    assert.equal(refused({ ...BUCKET, [name]: "" }).variable, name);
  }
  const wrong: [Record<string, string>, string][] = [
    [{ BACKUP_S3_ENDPOINT: "https://key:secret@s3.example" }, "BACKUP_S3_ENDPOINT"],
    [{ BACKUP_S3_BUCKET: "../up" }, "BACKUP_S3_BUCKET"],
    [{ BACKUP_S3_PREFIX: "/a" }, "BACKUP_S3_PREFIX"],
    [{ BACKUP_S3_PREFIX: "a/../b" }, "BACKUP_S3_PREFIX"],
    [{ KV_URL: "https://kv.example" }, "BACKUP_S3_BUCKET"],
  ];
  for (const [change, name] of wrong) {
    assert.equal(refused({ ...BUCKET, ...change }).variable, name);
  }
});

Deno.test("values are read with their units, and empty ones count as absent", () => {
  const config = loadConfig({
    PORT: "9000",
    REDIS_URL: "",
    DISK_RESERVE: "512 MiB",
    BODY_LIMIT: "2k",
    TASK_URL_ALLOW: "a.example, *.b.example,",
    RATE_LIMIT_PER_SECOND: "0",
    JWT_SECRET: "platform",
    JWT_DEFAULT_ROLE: "operator",
  });
  assert.equal(config.port, 9000);
  assert.equal(config.cache.redisUrl, undefined);
  assert.equal(config.limits.diskReserveBytes, 512 * 1024 ** 2);
  assert.equal(config.limits.bodyBytes, 2048);
  assert.deepEqual(config.taskUrlAllow, ["a.example", "*.b.example"]);
  assert.equal(config.limits.requestsPerSecond, 0);
  assert.equal(config.auth.jwt?.algorithm, "HS256");
  assert.equal(config.auth.jwt?.defaultRole, "operator");
});

Deno.test("a wrong value is refused with one line that names its variable", () => {
  const wrong: [Record<string, string>, string][] = [
    [{ PORT: "65536" }, "PORT"],
    [{ PORT: "-1" }, "PORT"],
    [{ PORT: "80a" }, "PORT"],
    [{ PORT: "1e3" }, "PORT"],
    [{ HOST: "a b" }, "HOST"],
    [{ LOG_LEVEL: "loud" }, "LOG_LEVEL"],
    [{ ADMIN_TOKEN: "short" }, "ADMIN_TOKEN"],
    [{ ADMIN_TOKEN: "sixteen chars ok" }, "ADMIN_TOKEN"],
    [{ ADMIN_TOKEN: "x".repeat(257) }, "ADMIN_TOKEN"],
    [{ REDIS_URL: "http://localhost" }, "REDIS_URL"],
    [{ REDIS_URL: "localhost:6379" }, "REDIS_URL"],
    [{ CACHE_PREFIX: "a:b" }, "CACHE_PREFIX"],
    [{ DISK_RESERVE: "much" }, "DISK_RESERVE"],
    [{ DISK_RESERVE: "9999999999999T" }, "DISK_RESERVE"],
    [{ ROLE: "worker" }, "ROLE"],
    [{ OAUTH_PROVIDER: "gitlab" }, "OAUTH_PROVIDER"],
    [{ ...OAUTH, OAUTH_ISSUER: "" }, "OAUTH_ISSUER"],
    [{ ...OAUTH, OAUTH_ISSUER: "http://id.example" }, "OAUTH_ISSUER"],
    [{ ...OAUTH, OAUTH_PROVIDER: "google" }, "OAUTH_ISSUER"],
    [{ ...OAUTH, OAUTH_CLIENT_ID: "" }, "OAUTH_CLIENT_ID"],
    [{ ...OAUTH, OAUTH_CLIENT_SECRET: "" }, "OAUTH_CLIENT_SECRET"],
    [{ ...OAUTH, OAUTH_ALLOW: "" }, "OAUTH_ALLOW"],
    [{ ...OAUTH, OAUTH_ALLOW: "ann@example.com" }, "OAUTH_ALLOW"],
    [{ ...OAUTH, OAUTH_ALLOW: "*=admin" }, "OAUTH_ALLOW"],
    [{ ...OAUTH, PUBLIC_URL: "" }, "PUBLIC_URL"],
    [{ JWT_SECRET: "a", JWT_JWKS_URL: "https://a.example/jwks" }, "JWT_JWKS_URL"],
    [{ JWT_SECRET: "a", JWT_ALGORITHM: "rs256" }, "JWT_ALGORITHM"],
    [{ AI_BASE_URL: "http://localhost:1" }, "AI_MODEL"],
    [{ METRICS_OPEN: "maybe" }, "METRICS_OPEN"],
    [{ CORS_ORIGINS: "*" }, "CORS_ORIGINS"],
    [{ ALERT_CPU: "101" }, "ALERT_CPU"],
  ];
  for (const [env, name] of wrong) {
    const error = refused(env);
    assert.equal(error.variable, name);
    assert.ok(error.message.startsWith(name + " "), error.message);
    assert.doesNotMatch(error.message, /\n/);
  }
});

Deno.test("a refused secret is not repeated in the message", () => {
  assert.doesNotMatch(refused({ ADMIN_TOKEN: "tooshort1234" }).message, /tooshort/);
  assert.doesNotMatch(refused({ SMTP_URL: "ftp://u:hunter2@h" }).message, /hunter2/);
});

Deno.test("secrets are listed for the logger, passwords of addresses alone", () => {
  const { secrets } = loadConfig({
    ADMIN_TOKEN: "0123456789abcdef",
    REDIS_URL: "redis://:pa%2Fss@localhost:6379",
    AI_API_KEY: "sk-1",
    HEARTBEAT_URL: "https://hc.example/uuid",
  });
  assert.deepEqual(
    new Set(secrets),
    new Set(["0123456789abcdef", "pa%2Fss", "pa/ss", "sk-1", "https://hc.example/uuid"]),
  );
  const written = loadConfig({ HEARTBEAT_URL: "HTTPS://HC.example:443/uuid" }).secrets;
  assert.ok(written.includes("https://hc.example/uuid"), "as errors name it");
});

Deno.test("whatever a variable holds, it is read or refused by name", () => {
  const names = Object.keys(VARIABLES);
  fc.assert(fc.property(fc.constantFrom(...names), fc.string({ unit: "binary" }), (name, value) => {
    try {
      loadConfig({ [name]: value });
    } catch (error) {
      assert.ok(error instanceof ConfigError);
      assert.ok(!error.message.includes("\n"));
    }
  }));
});

Deno.test("the table of the README has every variable once, and says what it means", () => {
  const rows = configurationTable();
  assert.equal(rows.length, Object.keys(VARIABLES).length);
  for (const row of rows) assert.ok(row.about.length > 3, row.name);
});

Deno.test("on Deno Deploy what stands on files is refused or left out", () => {
  const env = { DENO_DEPLOYMENT_ID: "d1", ADMIN_TOKEN: "0123456789abcdef" };
  const config = loadConfig(env);
  assert.equal(config.platform.name, "deno_deploy");
  assert.equal(config.shared, true);
  assert.equal(config.host, "0.0.0.0");
  assert.equal(config.limits.diskReserveBytes, 0);
  assert.ok(config.shutdownMs < 5_000);
  assert.equal(loadConfig({ ...env, HOST: "127.0.0.1" }).host, "127.0.0.1");
  assert.equal(refused({ DENO_DEPLOYMENT_ID: "d1" }).variable, "ADMIN_TOKEN");
  for (
    const [name, value] of [["LOG_FILE", "a.log"], ["ROLE", "web"], ["WORK_QUEUES", "default"]]
  ) {
    const error = refused({ ...env, KV_URL: "https://kv.example", [name!]: value! });
    assert.equal(error.variable, name);
    assert.match(error.message, /Deno Deploy/);
  }
  assert.equal(loadConfig({}).platform.name, "server");
});

Deno.test("several webhook secrets are one value, and each is a secret", () => {
  const [one, two] = ["a", "b"].map((text) => `whsec_${btoa(text.repeat(24))}`) as [string, string];
  const config = loadConfig({ WEBHOOK_SECRET: `${one},${two}` });
  assert.equal(config.webhookSecret, `${one},${two}`);
  assert.deepEqual(config.secrets, [one, two]);
  assert.match(refused({ WEBHOOK_SECRET: `${one},short` }).message, /WEBHOOK_SECRET/);
});
