import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { parseAllDocuments } from "yaml";
import { long } from "../support/randomness.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url)).replace(/\/$/, "");

/** The commands of the image's build that Deno runs, as they stand in the Dockerfile. */
async function buildCommands(): Promise<string[][]> {
  const text = (await Deno.readTextFile(`${ROOT}/Dockerfile`)).replaceAll("\\\n", " ");
  const steps = [...text.matchAll(/^RUN (.*)$/gm)].flatMap(([, step]) => step!.split("&&"));
  return steps.map((step) => step.trim().split(/\s+/)).filter(([program]) => program === "deno");
}

async function run(program: string, args: string[], options: Deno.CommandOptions) {
  const { success, stdout, stderr } = await new Deno.Command(program, { args, ...options })
    .output();
  const text = new TextDecoder();
  assert.ok(success, `${program} ${args.join(" ")}: ${text.decode(stderr)}`);
  return text.decode(stdout);
}

Deno.test({
  name:
    "image: built in an empty folder with a cache of its own, it starts where there is no network",
  ignore: !long || Deno.build.os !== "linux",
  async fn() {
    const folder = await Deno.makeTempDir({ prefix: "pixel-image-" });
    try {
      const app = `${folder}/app`;
      const env = { DENO_DIR: `${folder}/deno-dir`, DENO_NO_UPDATE_CHECK: "1" };
      await Deno.mkdir(app);
      // What `COPY . .` would copy: what is committed.
      await run("sh", ["-c", `git -C '${ROOT}' archive HEAD | tar -x -C '${app}'`], {});
      const commands = await buildCommands();
      assert.equal(commands.length, 2);
      for (const [, ...args] of commands) await run(Deno.execPath(), args, { cwd: app, env });

      const text = (await Deno.readTextFile(`${ROOT}/Dockerfile`)).replaceAll("\\\n", " ");
      const [, ...entry] = JSON.parse(/^ENTRYPOINT (\[.*\])$/m.exec(text)![1]!) as string[];
      const places = { "/app": app, "/data": `${folder}/data`, "/deno-dir": env.DENO_DIR };
      const args = entry.map((arg) =>
        arg.replace(/\/(app|data|deno-dir)(?=,|$)/g, (path) => places[path as keyof typeof places])
      );
      // A network of its own that holds nothing but the loopback device.
      const script = `ip link set lo up && { "$@" & pid=$!; }
        for n in $(seq 600); do
          if curl -fs http://127.0.0.1:8002/readyz; then kill -TERM $pid; wait $pid; exit $?; fi
          kill -0 $pid || exit 1
          sleep 0.1
        done; kill -KILL $pid; exit 1`;
      const said = await run(
        "unshare",
        ["-rn", "sh", "-c", script, "sh", Deno.execPath(), ...args],
        {
          cwd: app,
          env: { ...env, DATA_DIR: places["/data"], LOG_FORMAT: "json", PORT: "8002" },
        },
      );
      assert.match(said, /^ready$/m);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

Deno.test("kubernetes: one replica that never overlaps itself, without privileges, on the image's paths", async () => {
  const documents = parseAllDocuments(await Deno.readTextFile(`${ROOT}/deploy/kubernetes.yaml`));
  const found = documents.map((document) => document.toJS());
  const [claim, deployment, service] = found;
  assert.deepEqual(found.map(({ kind }) => kind), [
    "PersistentVolumeClaim",
    "Deployment",
    "Service",
  ]);
  assert.equal(deployment.spec.replicas, 1);
  assert.equal(deployment.spec.strategy.type, "Recreate");
  const pod = deployment.spec.template.spec;
  const [container] = pod.containers;
  assert.deepEqual(container.securityContext.capabilities.drop, ["ALL"]);
  assert.equal(container.securityContext.readOnlyRootFilesystem, true);
  assert.equal(pod.securityContext.runAsUser, 10001);
  const data = pod.volumes.find(({ name }: { name: string }) => name === "data");
  assert.equal(data.persistentVolumeClaim.claimName, claim.metadata.name);
  assert.ok(container.volumeMounts.some((m: { mountPath: string }) => m.mountPath === "/data"));
  assert.deepEqual(service.spec.selector, deployment.spec.template.metadata.labels);
});
