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

/** Everything listens here only. */
export const loopback = "127.0.0.1";

/** The mount from which Metacrypt issues the certificates of services. */
export const authorityMount = "pki";

/** The identity service's origin. */
export function identityUrl({ ports }: Settings): string {
  return `https://${loopback}:${ports.identity}`;
}

/** Where Metacrypt's API is reached by HTTPS. */
export function metacryptUrl({ ports }: Settings): string {
  return `https://${loopback}:${ports.metacrypt}`;
}

/** Where the name server's API is reached by HTTPS. */
export function nameServerUrl({ ports }: Settings): string {
  return `https://${loopback}:${ports.nameServer}`;
}

/** The registry's origin. */
export function registryUrl(settings: Settings): string {
  return `https://${registryAddress(settings)}`;
}

/** What references of images in the platform's registry begin with. */
export function registryAddress({ ports }: Settings): string {
  return `${loopback}:${ports.registry}`;
}

/** Where the registry's API is reached by gRPC. */
export function registryGrpcAddress({ ports }: Settings): string {
  return `${loopback}:${ports.registryGrpc}`;
}

/** Where a service is reached from outside. */
export function serviceUrl(service: string, { zone, ports }: Settings): string {
  return `https://${service}.${zone}${ports.ingress === 443 ? "" : `:${ports.ingress}`}/`;
}

/** What `curl --resolve` needs to find a service without asking a name server: `host:port:address`. */
export function curlResolve(service: string, { zone, ports }: Settings): string {
  return `${service}.${zone}:${ports.ingress}:${loopback}`;
}

/** Where the agent listens. */
export function agentAddress({ ports }: Settings): string {
  return `${loopback}:${ports.agent}`;
}

/** Where Metacrypt's API is reached by gRPC. */
export function metacryptGrpcAddress({ ports }: Settings): string {
  return `${loopback}:${ports.metacryptGrpc}`;
}

/** Where the name server's API is reached by gRPC. */
export function nameServerGrpcAddress({ ports }: Settings): string {
  return `${loopback}:${ports.nameServerGrpc}`;
}

/** Where ACME clients begin. */
export function acmeDirectoryUrl(settings: Settings): string {
  return `${metacryptUrl(settings)}/acme/${authorityMount}/directory`;
}
