import type { Clock } from "@metacircular/mcdsl/clock.ts";
import type { StateLayout } from "./store/layout.ts";
import type { Settings } from "./store/settings.ts";

/** What every command about one platform works with. */
export interface Platform {
  readonly layout: StateLayout;
  readonly settings: Settings;
  readonly host: Host;
}

/** The machine and the user at hand. */
export interface Host {
  readonly clock: Clock;
  /** Root of the checkout. */
  readonly checkout: string;
  /** The Node.js that runs this. */
  readonly node: string;
  readonly user: { readonly uid: number; readonly name: string; readonly home: string };
  readonly hostName: string;
  /** What programs started from here see, but for podman's configuration. */
  readonly environment: Readonly<Record<string, string>>;
}

/** What programs of the platform see. */
export function environmentOf({
  settings,
  host,
}: {
  settings: Pick<Settings, "podman">;
  host: Pick<Host, "environment">;
}): Record<string, string> {
  const { containersConf, storageConf } = settings.podman;
  return {
    ...host.environment,
    ...(containersConf === "" ? {} : { CONTAINERS_CONF: containersConf }),
    ...(storageConf === "" ? {} : { CONTAINERS_STORAGE_CONF: storageConf }),
  };
}

/** The identity service's origin. */
export function identityUrl({ ports }: Settings): string {
  return `https://127.0.0.1:${ports.identity}`;
}

/** Where the agent listens. */
export function agentAddress({ ports }: Settings): string {
  return `127.0.0.1:${ports.agent}`;
}
