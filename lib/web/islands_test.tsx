import assert from "node:assert/strict";
import type { ComponentChildren } from "preact";
import { renderToString } from "preact-render-to-string";
import { collectIslands, registerIsland } from "./islands.ts";

function Greeting({ name }: { name: string; extra?: unknown }) {
  return <b>{name}</b>;
}
function Frame({ title }: { title: string; children?: ComponentChildren }) {
  return (
    <p>
      {title}
      <Greeting name="inner" />
    </p>
  );
}
registerIsland("Greeting", Greeting);
registerIsland("Frame", Frame);

Deno.test("an island is wrapped, and its props are escaped so that no text leaves them", () => {
  const name = `"><script>alert(1)</script>&'</island-root>`;
  const { result, islands } = collectIslands(() => renderToString(<Greeting name={name} />));
  assert.deepEqual([...islands], ["Greeting"]);
  assert.ok(!result.includes("<script"), result);
  assert.equal(result.match(/<island-root/g)?.length, 1);
  const attribute = /props="([^"]*)"/.exec(result)![1]!;
  const decoded = attribute.replaceAll("&quot;", '"').replaceAll("&lt;", "<").replaceAll(
    "&gt;",
    ">",
  )
    .replaceAll("&amp;", "&");
  assert.deepEqual(JSON.parse(decoded), { name });
});

Deno.test("a component inside an island belongs to it and is no island of its own", () => {
  const { result, islands } = collectIslands(() =>
    renderToString(
      <main>
        <Frame title="outer" /> <Greeting name="beside" />
      </main>,
    )
  );
  assert.deepEqual([...islands], ["Frame", "Greeting"]);
  assert.equal(result.match(/<island-root/g)?.length, 2);
  assert.match(result, /<p>outer<b>inner<\/b><\/p>/);
});

Deno.test("props that JSON would lose are refused by name", () => {
  for (const extra of [() => 1, 1n, <i key="1">child</i>]) {
    assert.throws(
      () => renderToString(<Greeting name="x" extra={extra} />),
      /Island Greeting: the prop "extra" cannot be sent to the browser/,
    );
  }
  assert.throws(() => renderToString(<Frame title="x">text</Frame>), /the prop "children"/);
});
