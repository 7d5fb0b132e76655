import assert from "node:assert/strict";
import { renderToString } from "preact-render-to-string";
import { distinctTicks } from "./axis.ts";
import { BarChart } from "./bars.tsx";
import { HeatMap } from "./heat_map.tsx";
import { LineChart } from "./line.tsx";
import { Ranking } from "./ranking.tsx";

const bars = [
  { label: "Mon", value: 20 },
  { label: "Tue", value: 0 },
  { label: "Wed", value: null },
  { label: "Thu", value: 5, partial: true },
];

Deno.test("bars rise with their values, and the table behind them has every number", () => {
  const html = renderToString(
    <BarChart title="Conversations a day" unit="conversations" bars={bars} format={String} />,
  );
  const wide = html.slice(html.indexOf("at-wide"), html.indexOf("at-full"));
  const heights = [...wide.matchAll(/<rect[^>]* height="([\d.]+)"/g)].map((found) => +found[1]!);
  assert.equal(heights.length, 4);
  assert.ok(Math.abs(heights[0]! / heights[3]! - 4) < 0.001, String(heights));
  assert.deepEqual(heights.slice(1, 3), [0, 0]);
  assert.match(
    html,
    /aria-label="Conversations a day: 4 bars, the highest Mon with 20 conversations\."/,
  );
  assert.match(html, /<td>Wed<\/td><td class="number">–<\/td>/);
  assert.match(html, /<td>Thu \(so far\)<\/td><td class="number">5<\/td>/);
});

Deno.test("a chart over nothing says so and draws no wrong numbers", () => {
  const html = renderToString(<BarChart title="Empty" unit="x" bars={[]} format={String} />);
  assert.match(html, /Empty: nothing was measured\./);
  assert.ok(!html.includes("NaN"));
  const line = renderToString(
    <LineChart title="Empty" points={[]} format={String} formatTime={String} />,
  );
  assert.ok(!line.includes("NaN"));
});

Deno.test("a line is broken where nothing was measured", () => {
  const points = [1, 2, null, 4, 5].map((value, at) => ({ at: at * 86_400_000, value }));
  const html = renderToString(
    <LineChart title="Load" points={points} format={String} formatTime={String} />,
  );
  const path = /<path class="line" d="([^"]+)"/.exec(html)![1]!;
  assert.equal(path.match(/M/g)!.length, 2);
  assert.match(html, /from 1 to 5, last 5/);
  assert.deepEqual(html.match(/at-\w+/g), ["at-narrow", "at-wide"]);
});

Deno.test("a value between gaps, or alone, has a mark of its own", () => {
  const drawn = (values: (number | null)[]) => {
    const points = values.map((value, at) => ({ at: at * 86_400_000, value }));
    const html = renderToString(
      <LineChart title="Load" points={points} format={String} formatTime={String} />,
    );
    assert.ok(!html.includes("NaN"));
    const narrow = html.slice(html.indexOf("at-narrow"), html.indexOf("at-wide"));
    return [...narrow.matchAll(/<circle[^>]*cx="([\d.]+)"/g)].map((found) => Number(found[1]));
  };
  assert.equal(drawn([7]).length, 1);
  assert.equal(drawn([null, null, 5]).length, 1);
  assert.equal(drawn([1, null, 5, null, 3, 4]).length, 2);
  assert.deepEqual(drawn([1, 2, 3]), []);
});

Deno.test("an axis writes no number twice, and none that is rounded", () => {
  const whole = (value: number) => value.toFixed(0);
  assert.deepEqual(distinctTicks([0, 0.2, 0.4, 0.6, 0.8, 1], whole), [0, 1]);
  assert.deepEqual(distinctTicks([0, 500, 1000], (n) => n.toLocaleString("en")), [0, 500, 1000]);
  assert.deepEqual(distinctTicks([0, 100, 200], (n) => `${n} ms`), [0, 100, 200]);
});

Deno.test("a ranking's bars are shares of its first", () => {
  const rows = [{ id: "a", name: "A", value: 8, note: "4.1" }, { id: "b", name: "B", value: 2 }];
  const html = renderToString(
    <Ranking head={["Bot", "Conversations", "Satisfaction"]} rows={rows} format={String} />,
  );
  assert.deepEqual([...html.matchAll(/width="([\d.]+)%"/g)].map((found) => found[1]), [
    "100",
    "25",
  ]);
  assert.match(html, /<td class="number">–<\/td>/);
});

Deno.test("a heat map of hours in which nothing happened is as pale as a nought elsewhere", () => {
  const shades = (values: (number | null)[]) => {
    const html = renderToString(
      <HeatMap
        title="Busiest hours"
        rows={["Mon"]}
        columns={values.map(String)}
        value={(_, column) => values[column]!}
        format={String}
      />,
    );
    return [...html.matchAll(/<rect class="cell"[^>]*?fill-opacity="([\d.]+)"/g)].map(([, o]) =>
      +o!
    );
  };
  assert.deepEqual(shades([0, 4]), [0.06, 1]);
  assert.deepEqual(shades([0, 0, null]), [0.06, 0.06]);
});

Deno.test("a chart over its first two minutes writes each minute once", () => {
  const points = [0, 60_000].map((at) => ({ at, value: 1 }));
  const minutes = (at: number) => new Date(at).toISOString().slice(11, 16);
  const html = renderToString(
    <LineChart title="Load" points={points} format={String} formatTime={minutes} />,
  );
  const narrow = html.slice(html.indexOf("at-narrow"), html.indexOf("at-wide"));
  assert.deepEqual(narrow.match(/\d\d:\d\d(?=<\/text>)/g), ["00:00", "00:01"]);
  assert.deepEqual(html.slice(html.indexOf("at-wide")).match(/\d\d:\d\d(?=<\/text>)/g), [
    "00:00",
    "00:01",
  ]);
});

Deno.test("numbers of seven digits beside an axis are not cut off", () => {
  const values = [0, 1_000_000];
  const grouped = (n: number) => n.toLocaleString("en");
  const line = (
    <LineChart
      title="Waiting"
      points={values.map((value, at) => ({ at: at * 60_000, value }))}
      format={grouped}
      formatTime={String}
    />
  );
  const bars = (
    <BarChart
      title="Waiting"
      unit="tasks"
      bars={values.map((value) => ({ label: String(value), value }))}
      format={grouped}
    />
  );
  for (const picture of [line, bars]) {
    const [, end] = /<text x="([\d.]+)"[^>]*text-anchor="end"[^>]*>1,000,000</.exec(
      renderToString(picture),
    )!;
    assert.ok(Number(end) >= 6 * "1,000,000".length, end);
  }
});
