/**
 * A real S3-compatible server for tests, run as a process of its own:
 * `deno run -A s3_server.ts PORT FOLDER BUCKET`. It checks signatures.
 */
import S3rver from "@20minutes/s3rver";

const [port, directory, name] = Deno.args as [string, string, string];
await new S3rver({
  port: Number(port),
  address: "127.0.0.1",
  silent: true,
  directory,
  allowMismatchedSignatures: false,
  configureBuckets: [{ name, configs: [] }],
}).run();
console.log("listening");
