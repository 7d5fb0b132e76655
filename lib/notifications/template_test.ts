import assert from "node:assert/strict";
import fc from "fast-check";
import { renderLetter } from "./template.ts";

Deno.test("a letter says the same in text and HTML, and loads nothing", () => {
  const { subject, text, html } = renderLetter({
    subject: "CPU over 80%",
    lead: "CPU is at 93%.",
    tone: "bad",
    rows: [["Alert", "cpu"], ["Severity", "critical"]],
    links: [{ text: "What to do", url: "https://pixel.example/docs/runbook#alert-cpu" }],
    reason: "Because.",
  });
  assert.equal(subject, "CPU over 80%");
  for (const part of ["CPU is at 93%.", "critical", "What to do", "Because."]) {
    assert.ok(text.includes(part) && html.includes(part), part);
  }
  assert.match(text, /^Alert {5}cpu$/m);
  assert.doesNotMatch(html, /<img|<link|<script|url\(/);
});

Deno.test("whatever a name holds, it stays text and splits no header", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (name) => {
    const { subject, html } = renderLetter({
      subject: name,
      lead: name,
      rows: [[name, name]],
      reason: name,
    });
    // deno-lint-ignore no-control-regex
    assert.doesNotMatch(subject, /[\u0000-\u001f]/);
    const shown = html.replaceAll(
      /<\/?(!doctype|html|head|meta|title|body|div|p|strong|table|tr|td)\b[^<>]*>/g,
      "",
    );
    assert.doesNotMatch(shown, /[<>]/);
  }));
});
