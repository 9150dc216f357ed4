import { join } from "node:path";

/** Where things are in the data plane's directory. It is 0700, since whoever reaches its sockets rules the proxy. */
export interface Paths {
  readonly directory: string;
  readonly configuration: string;
  readonly certificates: string;
  readonly certificateList: string;
  readonly maps: string;
  readonly maintenancePage: string;
  /** What HAProxy prints. */
  readonly log: string;
  /** Each process has an admin socket of its own, so that the previous one can be asked after a reload. */
  adminSocket(generation: number): string;
  /** The same as HAProxy is told it. It works in the directory, and so the directory's path may be longer than the 107
   * characters that Linux allows for that of a socket. */
  adminSocketName(generation: number): string;
  /** Over which TLS connections of a port go to where they are terminated; as HAProxy is told it. */
  terminationSocketName(port: number): string;
  map(name: string): string;
  certificate(name: string): string;
}

/** Bytes. HAProxy reads at most 2 KiB of a line, and some lines have several paths. */
export const longestDirectory = 400;

export function pathsBelow(directory: string): Paths {
  const certificates = join(directory, "certificates");
  const maps = join(directory, "maps");
  return {
    directory,
    configuration: join(directory, "haproxy.cfg"),
    certificates,
    certificateList: join(directory, "certificates.list"),
    maps,
    maintenancePage: join(directory, "maintenance.html"),
    log: join(directory, "haproxy.log"),
    adminSocket: (generation) => join(directory, adminSocketName(generation)),
    adminSocketName,
    terminationSocketName: (port) => `tls-${port}.sock`,
    map: (name) => join(maps, `${name}.map`),
    certificate: (name) => join(certificates, `${name}.pem`),
  };
}

function adminSocketName(generation: number): string {
  return `admin-${generation}.sock`;
}
