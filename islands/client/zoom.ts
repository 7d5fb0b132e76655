import uPlot from "uplot";
import { dayOfMonth, timeOfDay } from "../parts/format.ts";
import { ZOOM as T } from "../parts/texts.ts";

/** Shares of what is shown by which one press moves it and narrows it. */
const STEP = 0.25;
const ASPECT = 0.45;
const WIDEST = 1_100;

/**
 * Opens a chart's line in a dialog in which one zooms: by drawing over a stretch, or by buttons.
 * The figure tells its instants (seconds) and values in `data-series`; its table has them as text.
 */
export function openZoom(figure: HTMLElement): void {
  const [times, values] = JSON.parse(figure.dataset["series"]!) as [number[], (number | null)[]];
  const title = figure.querySelector("figcaption")!.textContent;
  const texts = [...figure.querySelectorAll("tbody tr")].map((row) =>
    [...row.children].map((cell) => cell.textContent)
  );
  const colour = (selector: string, property: "stroke" | "fill") => {
    const found = figure.querySelector(selector);
    return found ? getComputedStyle(found)[property] : "currentColor";
  };
  const ink = colour(".grid text", "fill"), grid = colour(".grid line", "stroke");
  const zone = figure.dataset["zone"] ?? "UTC";
  const whole = { min: times[0]!, max: times.at(-1)! };

  const dialog = document.createElement("dialog");
  dialog.className = "zoomed";
  dialog.setAttribute("aria-label", title);
  const heading = document.createElement("h2");
  heading.textContent = title;
  const place = document.createElement("div");
  place.setAttribute("role", "img");
  place.setAttribute("aria-label", T.about(title));
  const read = document.createElement("p");
  read.setAttribute("role", "status");
  read.textContent = T.hint(zone);
  const buttons = document.createElement("div");
  buttons.className = "buttons";
  dialog.append(heading, place, read, buttons);
  document.body.append(dialog);
  dialog.showModal();

  const label = (seconds: number) => {
    const time = timeOfDay(seconds * 1_000, zone);
    return time === "00:00" ? dayOfMonth(seconds * 1_000, zone) : time;
  };
  const width = Math.min(WIDEST, place.clientWidth);
  const axis = { stroke: ink, grid: { stroke: grid, width: 1 }, ticks: { stroke: grid, width: 1 } };
  const plot = new uPlot(
    {
      width,
      height: Math.round(Math.max(220, width * ASPECT)),
      legend: { show: false },
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1_000), zone),
      axes: [{ ...axis, font: FONT, values: (_, at) => at.map(label) }, {
        ...axis,
        font: FONT,
        size: 60,
      }],
      series: [{}, { stroke: colour(".line", "stroke"), width: 2, spanGaps: false }],
      hooks: {
        setCursor: [({ cursor: { idx } }) => {
          const row = idx == null ? undefined : texts[idx];
          if (row) read.textContent = `${row[0]}: ${row.slice(1).join(", ")}`;
        }],
      },
    },
    [times, values],
    place,
  );
  const shown = () => ({ min: plot.scales.x!.min!, max: plot.scales.x!.max! });
  const show = (min: number, max: number) => {
    if (max - min < (times[1] ?? whole.max) - whole.min) return;
    const span = Math.min(max - min, whole.max - whole.min);
    const from = Math.max(whole.min, Math.min(min, whole.max - span));
    plot.setScale("x", { min: from, max: from + span });
  };
  const move = (by: number, narrower: number) => () => {
    const { min, max } = shown();
    const span = max - min;
    show(min + span * (by + narrower), max + span * (by - narrower));
  };
  const actions: [string, () => void][] = [
    [T.earlier, move(-STEP, 0)],
    [T.later, move(STEP, 0)],
    [T.closer, move(0, STEP)],
    [T.wider, move(0, -STEP * 2)],
    [T.whole, () => show(whole.min, whole.max)],
    [T.close, () => dialog.close()],
  ];
  for (const [label, act] of actions) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button";
    button.textContent = label;
    button.addEventListener("click", act);
    buttons.append(button);
  }
  dialog.addEventListener("close", () => {
    plot.destroy();
    dialog.remove();
  });
}

const FONT = "12px system-ui, sans-serif";
