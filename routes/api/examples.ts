/** As much of a JSON schema as examples are made from. */
export interface SchemaPart {
  $ref?: string;
  allOf?: SchemaPart[];
  anyOf?: SchemaPart[];
  oneOf?: SchemaPart[];
  type?: string | string[];
  format?: string;
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
  example?: unknown;
  examples?: unknown[];
  properties?: Record<string, SchemaPart>;
  additionalProperties?: SchemaPart | boolean;
  items?: SchemaPart;
  minimum?: number;
  maximum?: number;
}

/** What texts look like, by the name of the field they stand in. */
const TEXTS: Record<string, string> = {
  conversation_id: "c-1",
  user_id: "u-1",
  bot_id: "shop",
  bot_name: "Shop",
  batch_id: "b-1",
  task_id: "conversations-05-0hojhcsqr141s550000",
  token_id: "5f0c3f6e-5d0e-4f0a-9a43-0b6f4f6e7c11",
  session_id: "8c1d2e0f",
  notification_id: "msg_2b1f",
  queue: "conversations",
  worker: "worker-72d8e341",
  subject: "ann@example.com",
  address: "192.0.2.7",
  request_id: "0b9cf1de-7d7c-4e5f-8f39-1f2f4f8f7a61",
  user_message: "When do you open?",
  response: "At nine, every day.",
  question: "When do you open?",
  answer: "At nine, every day.",
  content: "When do you open?",
  memory_usage: "1.2 MB",
  used_memory_human: "1.2M",
  tz: "Europe/Berlin",
  cron: "0 2 * * *",
  month: "2026-01",
};
const INSTANT = "2026-01-31T09:30:00.000Z";

/** A value that fits a schema and looks like what it stands for. */
export function exampleOf(
  schema: SchemaPart,
  schemas: Record<string, SchemaPart>,
  name = "",
): unknown {
  const again = (part: SchemaPart, of = name) => exampleOf(part, schemas, of);
  if (schema.example !== undefined) return schema.example;
  if (schema.examples?.length) return schema.examples[0];
  if (schema.const !== undefined) return schema.const;
  if (schema.$ref) return again(schemas[schema.$ref.split("/").at(-1)!] ?? {});
  if (schema.enum) return schema.enum[0];
  if (schema.default !== undefined) return schema.default;
  if (schema.allOf) {
    const parts = [...schema.allOf, { ...schema, allOf: undefined }].map((part) => again(part));
    const objects = parts.filter((part) => typeof part === "object" && part !== null);
    return objects.length > 0 ? Object.assign({}, ...objects) : parts[0];
  }
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return again(choices.find(({ type }) => type !== "null") ?? choices[0]!);
  const type = Array.isArray(schema.type)
    ? schema.type.find((word) => word !== "null")
    : schema.type;
  switch (type) {
    case "object": {
      const fields = Object.entries(schema.properties ?? {});
      const { additionalProperties: others } = schema;
      if (fields.length === 0 && typeof others === "object") {
        return { [name === "status_breakdown" ? "completed" : "name"]: again(others, "") };
      }
      return Object.fromEntries(fields.map(([field, part]) => [field, again(part, field)]));
    }
    case "array":
      return schema.items ? [again(schema.items)] : [];
    case "string":
      return schema.format === "date-time"
        ? INSTANT
        : schema.format === "date"
        ? INSTANT.slice(0, 10)
        : TEXTS[name] ?? (/^(date|start|end|from|to|week_start|\w+_date)$/.test(name)
          ? INSTANT.slice(0, 10)
          : name || "text");
    case "integer":
      return Math.max(schema.minimum ?? 0, Math.min(schema.maximum ?? 3, 3));
    case "number":
      return schema.maximum === 100 ? 92.5 : Math.min(schema.maximum ?? 1.5, 1.5);
    case "boolean":
      return true;
    default:
      return {};
  }
}
