import type { DemoState } from "../../wire/demo.ts";

const STYLE = `:root{color-scheme:light dark;font:15px/1.5 system-ui,sans-serif}
body{max-width:44rem;margin:3rem auto;padding:0 1rem}h1{font-size:1.6rem;line-height:1.2}
dl{display:grid;grid-template-columns:repeat(auto-fit,minmax(7rem,1fr));gap:1rem;margin:1.5rem 0}
dt{opacity:.75}dd{margin:0;font-size:1.6rem;font-weight:600;font-variant-numeric:tabular-nums}
form{display:inline-block;margin:0 .75rem .75rem 0}
button{font:inherit;font-weight:600;padding:.5rem 1rem;border-radius:.4rem;cursor:pointer}
ol{padding-left:1.2rem}li{margin:.2rem 0}`;

/** What the page that breaks things may do: its own style, and forms to itself. */
export const BREAKER_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'";

/** The page that breaks the demo and tells what was lost. It is not the service's: it must outlive it. */
export function breakerPage(state: DemoState, dashboard: string): string {
  const { asked, answered, lost, redis, service } = state;
  const figures: [string, number][] = [
    ["Asked", asked],
    ["Answered", answered],
    ["On their way", asked - answered - lost],
    ["Lost", lost],
  ];
  const button = (action: string, label: string, off = false) =>
    `<form method="post" action="${action}"><button${
      off ? " disabled" : ""
    }>${label}</button></form>`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Break the demo</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="2; url=./"><style>${STYLE}</style></head><body>
<h1>${headline(state)}</h1>
<p>People that are made up keep asking. Each question is counted here when it is asked, and once
more when its answer has come, by the demo and not by the service.</p>
<dl>${
    figures.map(([name, n]) => `<div><dt>${name}</dt><dd>${n.toLocaleString("en")}</dd></div>`)
      .join("")
  }</dl>
<p>${button("kill", "Kill the process", service !== "running")}${
    redis === "none"
      ? ""
      : redis === "running"
      ? button("break-redis", "Break Redis")
      : button("mend-redis", "Start Redis again")
  }</p>
<p>${
    redis === "none"
      ? "There is no redis-server on this machine, so the cache is in the service's memory. Install it and start the demo again to break that too."
      : "Killing sends SIGKILL, to the service or to redis-server, and both are started again: the service at once, Redis when you say so."
  }</p>
<ol>${state.history.map((line) => `<li>${line}</li>`).join("")}</ol>
<p><a href="${dashboard}">To the dashboard</a></p>
</body></html>`;
}

function headline({ service, redis, lost, kills, breaks }: DemoState): string {
  if (service !== "running") return "The process is dead. It is being started again…";
  const lostWords = `${lost.toLocaleString("en")} lost`;
  if (redis === "broken") return `Redis is dead, and answers keep coming: ${lostWords}.`;
  const times = kills + breaks;
  return times === 0 ? "Nothing is broken yet." : `Broken ${times}×, and ${lostWords}.`;
}
