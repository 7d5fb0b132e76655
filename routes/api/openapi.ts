import type { OpenAPIHono } from "@hono/zod-openapi";
import { exampleOf, type SchemaPart } from "./examples.ts";
import type { ApiEnv } from "./operation.ts";

const ABOUT = `What the platform asks of its performance service.

Every answer is JSON. A success is 200 with \`status: "success"\` and a \`timestamp\`; every error is
RFC 9457 \`application/problem+json\` with a \`request_id\`. Percentages are 0–100, instants UTC.
The role that a call takes is in \`x-role\`: viewer, operator or admin, each including the one before.`;

/** The OpenAPI 3.1 document of everything that is registered, made from the schemas in use. */
export function openApiDocument(app: OpenAPIHono<ApiEnv>): object {
  app.openAPIRegistry.registerComponent("securitySchemes", "bearer", {
    type: "http",
    scheme: "bearer",
    description: "An API token, or one of the platform's own JSON Web Tokens.",
  });
  const document = app.getOpenAPI31Document({
    openapi: "3.1.0",
    info: { title: "Pixel Performance", version: "1.0.0", description: ABOUT },
    servers: [{ url: "/" }],
  });
  addExamples(document as unknown as Parameters<typeof addExamples>[0]);
  return document;
}

interface Described {
  example?: unknown;
  schema?: SchemaPart;
}

/** Shows of every successful answer, and of every id in a path, what it looks like. */
function addExamples(document: {
  paths: Record<
    string,
    Record<string, {
      parameters?: (Described & { name: string; in: string })[];
      responses: Record<string, { content?: Record<string, Described> }>;
    }>
  >;
  components?: { schemas?: Record<string, SchemaPart> };
}): void {
  const schemas = document.components?.schemas ?? {};
  for (const call of Object.values(document.paths).flatMap((methods) => Object.values(methods))) {
    const answer = call.responses["200"]?.content?.["application/json"];
    if (answer?.schema) answer.example ??= exampleOf(answer.schema, schemas);
    for (const parameter of call.parameters ?? []) {
      if (parameter.in !== "path" || !parameter.schema) continue;
      parameter.example ??= exampleOf(parameter.schema, schemas, parameter.name);
    }
  }
}
