import { messageOf } from "@metacircular/mcdsl/errors.ts";
import type { Logger } from "@metacircular/mcdsl/log/logger.ts";
import type { Alert, AlertType, Announcement, Recovery } from "@metacircular/mcp-core/alert.ts";
import type { EventBus } from "../events/event-bus.ts";
import type { AlertRecord } from "../registry/alerts.ts";
import type { Registry } from "../registry/registry.ts";
import type { AlertCommand } from "./alert.ts";

/** The one place that alerts pass on their way to the registry, the log, the watchers and the operator's command.
 * It decides what is announced: an alert once while it lasts, after the cooldown of its last announcement, and its
 * end if it was announced. It knows that from the registry, so that an agent that is started again goes on where
 * the last one stopped. Nothing here throws or waits. */
export interface AlertDesk {
  /** The alert's trouble exists. May be said again and again while it does: a drift into another state, and
   * flapping that goes on, are announced again after the cooldown; everything else once. */
  raise(alert: Alert): void;
  /** None of these exists, any more or at all. May be said as often as one likes. */
  recover(service: string, component: string, types: readonly AlertType[], atMs: number): void;
  /** To be called now and then: announces what the cooldown held back, and the end of alerts about components that
   * MCP no longer looks after. */
  settle(atMs: number): void;
}

export interface AlertDeskOptions {
  readonly registry: Registry;
  readonly bus: Pick<EventBus, "publish">;
  readonly command: AlertCommand;
  readonly logger: Logger;
  /** How long an announcement silences the next one of its type for its component. */
  readonly cooldownMs: number;
  /** Now: what the registry remembers is read. */
  readonly nowMs: number;
}

/** What has been announced and lasts. */
interface Episode {
  readonly id: number;
  readonly raisedAtMs: number;
  announcements: number;
  latest: Alert;
}

export function createAlertDesk(options: AlertDeskOptions): AlertDesk {
  const { registry, command, cooldownMs } = options;
  const episodes = new Map<string, Episode>();
  const announcedAtMs = new Map<string, number>();
  /** What the cooldown keeps back. */
  const held = new Map<string, Alert>();
  const written = createWriter(options.logger);
  const commandState = command.argv.length === 0 ? "none" : "pending";
  remember();

  function remember(): void {
    const { alerts } = registry;
    written(() => alerts.failPending("the agent ended before the command did"));
    for (const record of written(() => alerts.remembered(options.nowMs - cooldownMs)) ?? []) {
      announcedAtMs.set(keyOf(record), record.announcedAtMs);
      if (record.recoveredAtMs === 0) episodes.set(keyOf(record), episodeOf(record));
    }
  }

  function isDue(key: string, atMs: number): boolean {
    const last = announcedAtMs.get(key);
    // A clock that was set back must not silence anything.
    return last === undefined || atMs < last || atMs - last >= cooldownMs;
  }

  function announceAlert(alert: Alert): void {
    const key = keyOf(alert);
    const known = episodes.get(key);
    const episode = known ?? begin(alert);
    episodes.set(key, episode);
    announcedAtMs.set(key, alert.atMs);
    held.delete(key);
    if (known !== undefined) {
      known.latest = alert;
      known.announcements += 1;
      written(() => registry.alerts.repeat(known.id, alert, commandState));
    }
    announce(alert, episode, options);
  }

  function begin(alert: Alert): Episode {
    // Without a row, as on a full disk, it is announced all the same.
    const record = written(() => registry.alerts.raise(alert, commandState));
    return { id: record?.id ?? 0, raisedAtMs: alert.atMs, announcements: 1, latest: alert };
  }

  function end(key: string, episode: Episode, atMs: number): void {
    episodes.delete(key);
    episode.announcements += 1;
    const recovery = recoveryOf(episode, registry, atMs);
    written(() => registry.alerts.recover(episode.id, recovery, commandState));
    announce(recovery, episode, options);
  }

  return {
    raise(alert) {
      const key = keyOf(alert);
      const episode = episodes.get(key);
      if (episode !== undefined && !isNews(alert, episode.latest)) held.delete(key);
      else if (isDue(key, alert.atMs)) announceAlert(alert);
      // Flapping that goes on shows itself again by the next change.
      else if (alert.type !== "flapping") held.set(key, alert);
    },
    recover(service, component, types, atMs) {
      for (const type of types) {
        const key = keyOf({ service, component, type });
        held.delete(key);
        const episode = episodes.get(key);
        if (episode !== undefined) end(key, episode, atMs);
      }
    },
    settle(atMs) {
      for (const [key, alert] of held) {
        if (!isManaged(registry, alert)) held.delete(key);
        else if (isDue(key, atMs)) announceAlert({ ...alert, atMs });
      }
      for (const [key, episode] of episodes) {
        if (!isManaged(registry, episode.latest)) end(key, episode, atMs);
      }
      for (const key of announcedAtMs.keys()) {
        if (!episodes.has(key) && isDue(key, atMs)) announcedAtMs.delete(key);
      }
    },
  };
}

function episodeOf(record: AlertRecord): Episode {
  const { id, raisedAtMs, announcements, announcedAtMs: atMs } = record;
  const { type, service, component, desired, observed, previous, transitions } = record;
  const latest = { type, atMs, service, component, desired, observed, previous, transitions };
  return { id, raisedAtMs, announcements, latest };
}

function keyOf({ service, component, type }: Pick<Alert, "service" | "component" | "type">): string {
  return `${service}/${component}/${type}`;
}

/** Whether what lasts is worth another announcement. */
function isNews(alert: Alert, latest: Alert): boolean {
  if (alert.type === "flapping") return true;
  const changed = alert.desired !== latest.desired || alert.observed !== latest.observed;
  return alert.type === "drift" && changed;
}

function isManaged(registry: Registry, { service, component }: Alert): boolean {
  const record = registry.components.get(service, component);
  return record !== undefined && record.desired !== "ignore";
}

function recoveryOf({ latest, raisedAtMs }: Episode, registry: Registry, atMs: number): Recovery {
  const record = registry.components.get(latest.service, latest.component);
  return {
    ...latest,
    type: "recovered",
    recovered: latest.type,
    durationMs: Math.max(0, atMs - raisedAtMs),
    atMs,
    desired: record?.desired ?? "ignore",
    observed: record?.observed.state ?? "removed",
    previous: latest.observed,
  };
}

/** Tells the log, the watchers and the operator's command, and writes down how the command ends. */
function announce(
  announcement: Announcement & { readonly type: AlertType | "recovered" },
  { id, announcements }: Episode,
  { registry, bus, command, logger }: AlertDeskOptions,
): void {
  const { type: alert, atMs, ...facts } = announcement;
  logger[alert === "recovered" ? "info" : "warn"]({ ...facts, alert }, "alert");
  bus.publish({ ...facts, type: "alert", atMs, alert });
  const written = createWriter(logger);
  command.run(announcement, (problem) => {
    const state = problem === "" ? "done" : "failed";
    written(() => registry.alerts.recordCommand({ id, announcement: announcements }, state, problem));
  });
}

/** What cannot be written, as on a full disk, keeps nobody from being told. */
function createWriter(logger: Logger): <Result>(write: () => Result) => Result | undefined {
  return (write) => {
    try {
      return write();
    } catch (error) {
      logger.error({ error: messageOf(error) }, "an alert cannot be written down");
      return undefined;
    }
  };
}
