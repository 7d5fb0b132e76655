import { type ProblemKind, PROBLEMS } from "./middleware/problem.ts";

/** As much of an OpenAPI document as the page shows. */
interface Document {
  info: { title: string; version: string; description?: string };
  paths: Record<string, Record<string, DocumentedCall>>;
  components?: { schemas?: Record<string, SchemaPart> };
}

interface DocumentedCall {
  operationId: string;
  tags?: string[];
  summary?: string;
  description?: string;
  "x-role"?: string;
  parameters?: {
    name: string;
    in: string;
    required?: boolean;
    description?: string;
    schema?: SchemaPart;
    example?: unknown;
  }[];
  requestBody?: { required?: boolean; content: Record<string, { schema?: SchemaPart }> };
  responses: Record<string, { description: string; content?: Record<string, unknown> }>;
}

interface SchemaPart {
  $ref?: string;
  type?: string | string[];
  enum?: unknown[];
  const?: unknown;
  example?: unknown;
  examples?: unknown[];
  description?: string;
  properties?: Record<string, SchemaPart>;
  required?: string[];
  items?: SchemaPart;
  anyOf?: SchemaPart[];
}

/** Text that is safe within HTML and its attributes. */
const escaped = (value: unknown): string =>
  String(value).replaceAll(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);

const WHAT_IT_MEANS: Record<ProblemKind, string> = {
  malformed: "The body is no JSON, or breaks off; the path is not percent-encoded UTF-8.",
  unauthenticated: "There is no token, or it does not hold (any longer).",
  forbidden: "The token's role is too small; the detail names the one that is needed.",
  csrf: "A request with a session cookie did not come from a page of ours.",
  not_found: "There is no such address, or nothing by this id.",
  method_not_allowed: "The address knows other methods; the header Allow names them.",
  slow_body: "The body took too long to arrive.",
  conflict: "The request contradicts what is stored; repeating it unchanged cannot help.",
  too_large: "The body is longer than the service takes.",
  unsupported_media_type: "The body is of a type that this address does not read.",
  invalid: "The body, query or path does not fit its schema; errors names every field.",
  rate_limited: "Too many requests, or failed sign-ins. Retry-After says how long to wait.",
  headers_too_large: "The address and headers together are too long.",
  internal: "Something went wrong in the service; its log has more under the request_id.",
  overloaded: "Too much waits already, or the disk is nearly full. Retry-After says when to try.",
  unavailable: "Something the answer needs cannot be reached just now; try again.",
  timeout: "Something the answer needs took too long; try again.",
};

/** The page at /docs: every call of the document, rendered here, with nothing loaded from others. */
export function docsPage(document: Document, origin: string, nonce: string): string {
  const groups = new Map<string, string[]>();
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const [method, call] of Object.entries(methods)) {
      const tag = call.tags?.[0] ?? "Other";
      const text = callSection(document, method.toUpperCase(), path, call, origin);
      groups.set(tag, [...groups.get(tag) ?? [], text]);
    }
  }
  const links = [...groups.keys(), "Problems"].map((tag) =>
    `<a href="#${escaped(anchor(tag))}">${escaped(tag)}</a>`
  );
  const problems = Object.entries(PROBLEMS).map(([kind, { status, title }]) =>
    `<dt id="problem-${kind}">${status} ${escaped(title)} <code>${kind}</code></dt><dd>${
      escaped(WHAT_IT_MEANS[kind as ProblemKind])
    }</dd>`
  );
  const sections = [...groups].map(([tag, calls]) =>
    `<section id="${escaped(anchor(tag))}"><h2>${escaped(tag)}</h2>${calls.join("")}</section>`
  );
  const { title, version, description = "" } = document.info;
  const about = description.split("\n\n").map((part) => `<p>${escaped(part)}</p>`).join("");
  return `<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>${escaped(title)} API</title>
<style nonce="${nonce}">${STYLE}</style></head><body>
<header><h1>${escaped(title)} API <small>${escaped(version)}</small></h1>${about}
<p><a href="/api/performance/openapi.json">OpenAPI 3.1 document</a> · <a href="/">Dashboard</a></p>
<nav aria-label="Groups">${links.join(" ")}</nav></header><main>${sections.join("")}
<section id="problems"><h2>Problems</h2><dl>${problems.join("")}</dl></section></main>
<script nonce="${nonce}">${SCRIPT}</script></body></html>`;
}

const anchor = (tag: string): string => tag.toLowerCase().replaceAll(/\W+/g, "-");

function callSection(
  document: Document,
  method: string,
  path: string,
  call: DocumentedCall,
  origin: string,
): string {
  const rows = (call.parameters ?? []).map(({ name, in: where, required, description, schema }) =>
    `<tr><td><code>${escaped(name)}</code></td><td>${escaped(where)}${
      required ? ", required" : ""
    }</td><td>${escaped(typeText(schema))} ${escaped(description ?? "")}</td></tr>`
  );
  const [type, media] = Object.entries(call.requestBody?.content ?? {})[0] ?? [];
  const body = media?.schema && resolved(document, media.schema);
  const fields = Object.entries(body?.properties ?? {}).map(([name, schema]) =>
    `<tr><td><code>${escaped(name)}</code></td><td>body${
      body?.required?.includes(name) ? ", required" : ""
    }</td><td>${escaped(typeText(schema))} ${escaped(schema.description ?? "")}</td></tr>`
  );
  const statuses = Object.entries(call.responses).map(([status, { description }]) =>
    `<li><code>${escaped(status)}</code> ${escaped(description)}</li>`
  );
  const example = body?.example ?? (body?.examples ?? [])[0];
  const query = (call.parameters ?? []).filter((part) => part.in === "query" && part.required)
    .map(({ name }) => `${name}={${name}}`).join("&");
  const curl = curlOf(method, origin + path + (query && "?" + query), type, example);
  return `<article id="${escaped(call.operationId)}"><h3><span class="method">${
    escaped(method)
  }</span> <code>${escaped(path)}</code></h3><p>${escaped(call.summary ?? "")}. ${
    escaped(call.description ?? "")
  } <em>Role: ${escaped(call["x-role"] ?? "none")}.</em></p>${
    rows.length + fields.length > 0
      ? `<table><thead><tr><th>Name</th><th>Where</th><th>What</th></tr></thead><tbody>${
        rows.join("") + fields.join("")
      }</tbody></table>`
      : ""
  }<div class="curl"><pre tabindex="0">${
    escaped(curl)
  }</pre><button type="button" hidden>Copy</button></div><details><summary>Answers</summary><ul>${
    statuses.join("")
  }</ul></details></article>`;
}

/** A line for a shell; what a caller fills in stands in capitals. */
function curlOf(method: string, url: string, type: string | undefined, example: unknown): string {
  const address = url.replaceAll(/\{(\w+)\}/g, (_, name: string) => name.toUpperCase());
  const lines = [`curl -X ${method} '${address}'`, `-H "Authorization: Bearer $PIXEL_TOKEN"`];
  if (type) lines.push(`-H 'Content-Type: ${type}'`);
  if (type === "application/json") {
    lines.push(`-d '${JSON.stringify(example ?? {}).replaceAll("'", "'\\''")}'`);
  } else if (type) lines.push("--data-binary @FILE");
  return lines.join(" \\\n  ");
}

function resolved(document: Document, schema: SchemaPart): SchemaPart | undefined {
  const name = schema.$ref?.split("/").at(-1);
  return name === undefined ? schema : document.components?.schemas?.[name];
}

function typeText(schema: SchemaPart | undefined): string {
  if (!schema) return "";
  if (schema.$ref) return schema.$ref.split("/").at(-1)!;
  if (schema.enum) return schema.enum.map(String).join(" | ");
  if (schema.anyOf) return schema.anyOf.map(typeText).join(" | ");
  if (schema.items) return `list of ${typeText(schema.items)}`;
  return [schema.type ?? ""].flat().join(" | ");
}

const STYLE = `:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}
body{max-width:60rem;margin:auto;padding:1rem}nav a{margin-right:.75rem}
article{border-top:1px solid light-dark(#ddd,#444);padding:1rem 0}h3{margin:0}
.method{color:light-dark(#0a5,#6d9)}table{border-collapse:collapse;width:100%}
td,th{text-align:left;vertical-align:top;padding:.2rem .6rem .2rem 0}
code,td{overflow-wrap:anywhere}th{overflow-wrap:normal}
.curl{position:relative}pre{background:light-dark(#f4f4f4,#222);padding:.75rem;overflow:auto}
.curl button{position:absolute;top:.5rem;right:.5rem}dt{font-weight:600;margin-top:.75rem}`;

const SCRIPT = `for(const box of document.querySelectorAll(".curl")){
const button=box.querySelector("button");button.hidden=!navigator.clipboard;
button.addEventListener("click",async()=>{
await navigator.clipboard.writeText(box.querySelector("pre").textContent);
button.textContent="Copied";setTimeout(()=>button.textContent="Copy",1500)})}`;
