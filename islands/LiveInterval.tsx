import { useEffect, useState } from "preact/hooks";
import { INTERVALS, livePage } from "./client/live.ts";
import { LIVE as T } from "./parts/texts.ts";

/** How often pages refresh themselves, kept in this browser. */
export default function LiveInterval() {
  const [seconds, setSeconds] = useState(0);
  useEffect(() => setSeconds(livePage.interval), []);
  return (
    <label class="field needs-script">
      <span>{T.interval}</span>
      <select
        value={String(seconds)}
        onChange={(event) => {
          const chosen = Number(event.currentTarget.value);
          setSeconds(chosen);
          livePage.setInterval(chosen);
        }}
      >
        <option value="0">{T.asItHappens}</option>
        {INTERVALS.map((one) => <option key={one} value={String(one)}>{T.every(one)}</option>)}
      </select>
    </label>
  );
}
