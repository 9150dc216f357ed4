import { join } from "node:path";

/** Where things are in the data plane's directory. It is 0700, since whoever reaches its sockets rules the proxy. */
export interface Paths {
  readonly directory: string;
  readonly configuration: string;
  readonly certificates: string;
  readonly certificateList: string;
  readonly maps: string;
  readonly maintenancePage: string;
  /** What runs, for a later process of ours to find it. */
  readonly record: string;
  /** What HAProxy prints. */
  readonly log: string;
  /** Each process has an admin socket of its own, so that the previous one can be asked after a reload. */
  adminSocket(generation: number): string;
  /** Over which TLS connections of a port go to where they are terminated. */
  terminationSocket(port: number): string;
  map(name: string): string;
  certificate(name: string): string;
}

/** The longest path that a Unix socket can have on Linux, without its final zero byte; HAProxy first binds `<path>.<pid>.tmp`. */
export const longestSocketPath = 107 - ".1234567.tmp".length;

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
    record: join(directory, "running.json"),
    log: join(directory, "haproxy.log"),
    adminSocket: (generation) => join(directory, `admin-${generation}.sock`),
    terminationSocket: (port) => join(directory, `tls-${port}.sock`),
    map: (name) => join(maps, `${name}.map`),
    certificate: (name) => join(certificates, `${name}.pem`),
  };
}
