import assert from "node:assert/strict";
import { renderToString } from "preact-render-to-string";
import { Sparkline, sparkPath } from "./Sparkline.tsx";

Deno.test("the line has a gap where nothing was measured, and stays in its box", () => {
  assert.equal(sparkPath([0, 50, null, 100, 400], 100), "M0.0 23.0L25.0 12.0M75.0 1.0L100.0 1.0");
});

Deno.test("too little to draw is drawn as nothing", () => {
  assert.equal(renderToString(<Sparkline values={[null, 3, null]} highest={100} name="CPU" />), "");
  const drawn = renderToString(<Sparkline values={[2.6, 3, 9]} highest={100} name="CPU" />);
  assert.match(drawn, /aria-label="CPU: between 3 and 9"/);
});
