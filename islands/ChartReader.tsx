import { useEffect, useRef, useState } from "preact/hooks";
import { ZOOM as T } from "./parts/texts.ts";

interface Reading {
  text: string;
  left: number;
  top: number;
}

const SVG = "http://www.w3.org/2000/svg";

/**
 * Reads the charts of a page, value by value: with a pointer, or with the arrow keys once one has
 * the focus. The values are those of the table behind each chart.
 */
export default function ChartReader() {
  const [reading, setReading] = useState<Reading | null>(null);
  const tip = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const charts = document.querySelectorAll<SVGSVGElement>("figure.chart > svg[data-spots]");
    const undo = [...charts].map((chart) => readable(chart, setReading));
    document.addEventListener("click", zoom);
    return () => {
      undo.forEach((one) => one());
      document.removeEventListener("click", zoom);
    };
  }, []);
  useEffect(() => {
    if (!reading || !tip.current) return;
    const { offsetWidth } = tip.current;
    const most = document.documentElement.clientWidth - offsetWidth - 8;
    tip.current.style.left = `${Math.max(8, Math.min(most, reading.left - offsetWidth / 2))}px`;
    tip.current.style.top = `${reading.top}px`;
  }, [reading]);
  return (
    <div ref={tip} class="tooltip" role="status" hidden={!reading}>
      {reading?.text}
    </div>
  );
}

/** The code for zooming is large, and is loaded when somebody wants it. */
async function zoom(event: Event): Promise<void> {
  const button = event.target instanceof Element && event.target.closest("[data-zoom]");
  if (!button) return;
  try {
    const { openZoom } = await import("./client/zoom.ts");
    openZoom(button.closest("figure")!);
  } catch {
    button.textContent = T.failed;
  }
}

function readable(chart: SVGSVGElement, tell: (reading: Reading | null) => void): () => void {
  const spots = chart.dataset["spots"]!.split(" ").filter(Boolean).map(Number);
  const rows = [...chart.closest("figure")!.querySelectorAll("tbody tr")];
  const { width, height } = chart.viewBox.baseVal;
  const cursor = document.createElementNS(SVG, "line");
  cursor.setAttribute("class", "cursor");
  cursor.setAttribute("y1", "0");
  cursor.setAttribute("y2", String(height - 24));
  let at = spots.length;

  const show = (index: number) => {
    if (!rows[index] || spots[index] === undefined) return;
    at = index;
    cursor.setAttribute("x1", String(spots[at]));
    cursor.setAttribute("x2", String(spots[at]));
    chart.append(cursor);
    const box = chart.getBoundingClientRect();
    const cells = [...rows[at]!.children].map((cell) => cell.textContent);
    tell({
      text: `${cells[0]}: ${cells.slice(1).join(", ")}`,
      left: box.left + scrollX + spots[at]! / width * box.width,
      top: box.top + scrollY - 30,
    });
  };
  const hide = () => {
    cursor.remove();
    tell(null);
  };
  const onMove = (event: PointerEvent) => {
    const box = chart.getBoundingClientRect();
    const x = (event.clientX - box.left) / box.width * width;
    let nearest = 0;
    spots.forEach((spot, index) => {
      if (Math.abs(spot - x) < Math.abs(spots[nearest]! - x)) nearest = index;
    });
    show(nearest);
  };
  const onKey = (event: KeyboardEvent) => {
    const last = spots.length - 1;
    const to = {
      ArrowLeft: Math.max(0, Math.min(at, last + 1) - 1),
      ArrowRight: Math.min(last, at > last ? 0 : at + 1),
      Home: 0,
      End: last,
    }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      show(to);
    } else if (event.key === "Escape") hide();
  };
  chart.setAttribute("tabindex", "0");
  chart.addEventListener("pointermove", onMove);
  chart.addEventListener("pointerleave", hide);
  chart.addEventListener("keydown", onKey);
  chart.addEventListener("blur", hide);
  return () => {
    chart.removeEventListener("pointermove", onMove);
    chart.removeEventListener("pointerleave", hide);
    chart.removeEventListener("keydown", onKey);
    chart.removeEventListener("blur", hide);
  };
}
