import type { Alert } from "../lib/wire/alerts.ts";
import { act } from "./client/api.ts";
import { useLivePage, useNow } from "./client/use_live.ts";
import { ActionForm } from "./parts/ActionForm.tsx";
import { count, mean } from "./parts/format.ts";
import { Machine, Services } from "./parts/overview_panels.tsx";
import type { HealthData } from "./parts/page_data.ts";
import { Badge, Empty, Moment, Panel } from "./parts/pieces.tsx";
import { HEALTH_PAGE as T } from "./parts/texts.ts";
import type { Tone } from "./parts/words.ts";

/** Alerts first, then the machine and everything that is checked. */
export default function HealthBoard(rendered: HealthData) {
  const data = useLivePage(rendered);
  const now = useNow(data.now);
  return (
    <div class="report whole">
      {data.alerts && <Alerts {...data} alerts={data.alerts} now={now} />}
      <Machine health={data.health} history={data.history} />
      <Services health={data.health} whole />
    </div>
  );
}

const SEVERITY: Record<Alert["severity"], Tone> = {
  info: "busy",
  warning: "warn",
  critical: "bad",
};

function Alerts({ alerts, operator, csrf, now }: HealthData & { alerts: Alert[] }) {
  const raised = alerts.filter((alert) => alert.raised);
  const quiet = alerts.length - raised.length;
  return (
    <Panel
      title={T.alerts}
      aside={quiet > 0 && T.others(count(quiet))}
      class={`full alerts ${raised.length > 0 ? "raised" : ""}`}
    >
      {raised.length === 0
        ? (
          <Empty>
            <Badge tone="ok">{T.noAlerts}</Badge>
          </Empty>
        )
        : (
          <ul>
            {raised.map((alert) => (
              <li key={alert.name}>
                <p>
                  <Badge tone={SEVERITY[alert.severity]}>{alert.title}</Badge>
                </p>
                <p>
                  {alert.detail ?? T.value(mean(alert.value), mean(alert.threshold))},{" "}
                  <Moment at={alert.raised_at ?? alert.since} now={now} />
                </p>
                {alert.acknowledged
                  ? <p class="muted">{T.acknowledged(alert.acknowledged.by)}</p>
                  : operator && <Acknowledge name={alert.name} csrf={csrf} />}
              </li>
            ))}
          </ul>
        )}
    </Panel>
  );
}

function Acknowledge({ name, csrf }: { name: string; csrf: string }) {
  return (
    <ActionForm
      action="/health"
      csrf={csrf}
      fields={{ do: "acknowledge", name }}
      label={T.acknowledge}
      perform={async () => {
        await act("POST", `/alerts/${encodeURIComponent(name)}/acknowledge`, csrf);
        return "";
      }}
    />
  );
}
