import type { Logger } from "@metacircular/mcdsl/log/logger.ts";
import type { EventBus } from "../events/event-bus.ts";
import type { AlertCommand } from "./alert.ts";
import type { Alert } from "./alert-rules.ts";

/** Tells the log, the watchers and the operator's command. */
export function raiseAlert(alert: Alert, to: { bus: EventBus; command: AlertCommand; logger: Logger }): void {
  const { type, atMs, service, component, desired, observed, previous, transitions } = alert;
  to.logger.warn({ service, component, alert: type, desired, observed, previous, transitions }, "alert");
  to.bus.publish({
    type: "alert",
    atMs,
    service,
    component,
    alert: type,
    desired,
    observed,
    previous,
    transitions,
  });
  to.command.run(alert);
}
