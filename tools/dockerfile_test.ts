import assert from "node:assert/strict";
import { assignments, stagesOf } from "./dockerfile.ts";

Deno.test("a Dockerfile is read stage by stage, each step on one line with its flags", () => {
  const stages = stagesOf(`# syntax=docker/dockerfile:1
FROM node:22 AS build
ARG VERSION=1
# a note
RUN one \\
  && two
FROM debian
COPY --from=build --chown=pixel:pixel /a /b
HEALTHCHECK --interval=10s \\
  CMD ["a", "b"]
`);
  assert.deepEqual(stages, [
    {
      base: "node:22",
      alias: "build",
      steps: [
        { name: "ARG", flags: {}, text: "VERSION=1" },
        { name: "RUN", flags: {}, text: "one && two" },
      ],
    },
    {
      base: "debian",
      alias: undefined,
      steps: [
        { name: "COPY", flags: { from: "build", chown: "pixel:pixel" }, text: "/a /b" },
        { name: "HEALTHCHECK", flags: { interval: "10s" }, text: 'CMD ["a", "b"]' },
      ],
    },
  ]);
  assert.throws(() => stagesOf("RUN a"), /before the first FROM/);
});

Deno.test("assignments may be quoted, and several on a line", () => {
  assert.deepEqual(assignments('A=1 B="2 3" C_D='), [["A", "1"], ["B", "2 3"], ["C_D", ""]]);
});
