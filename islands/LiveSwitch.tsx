import { useEffect, useState } from "preact/hooks";
import { signInLink } from "./client/api.ts";
import { livePage, POLL_SECONDS } from "./client/live.ts";
import { useLiveState } from "./client/use_live.ts";
import { duration } from "./parts/format.ts";
import { LIVE as T } from "./parts/texts.ts";

/** Switches live updates on and off, and says how fresh the page is. */
export default function LiveSwitch() {
  const { mode, failing, updatedAt } = useLiveState();
  const [on, setOn] = useState(true);
  const [opened, setOpened] = useState(0);
  const [, setTick] = useState(0);
  useEffect(() => {
    setOn(livePage.switchedOn);
    setOpened(Date.now());
  }, []);
  useEffect(() => {
    if (!failing) return;
    const timer = setInterval(() => setTick((tick) => tick + 1), 1_000);
    return () => clearInterval(timer);
  }, [failing]);

  if (mode === "signed out") {
    return <a class="switch bad" href={signInLink()}>{T.ended}</a>;
  }
  const text = !on
    ? T.off
    : failing
    ? T.stale(duration(Date.now() - (updatedAt ?? opened)))
    : mode === "polling"
    ? T.every(POLL_SECONDS)
    : mode === "interval"
    ? T.every(livePage.interval)
    : T.live;
  const toggle = () => {
    setOn(!on);
    livePage.setSwitch(!on);
  };
  return (
    <button
      type="button"
      role="switch"
      aria-checked={on}
      aria-label={T.label}
      class={`switch needs-script ${on && failing ? "warn" : ""}`}
      data-mode={!on ? "off" : failing ? "stale" : mode}
      onClick={toggle}
      title={on ? T.turnOff : T.turnOn}
    >
      <span class="knob" aria-hidden="true" />
      <span class="state">{text}</span>
    </button>
  );
}
