import { systemClock } from "@metacircular/mcdsl/clock.ts";
import { createLogger, type Logger } from "@metacircular/mcdsl/log/logger.ts";
import { freePort } from "@metacircular/testkit/free-port.ts";
import { type SelfSigned, selfSigned } from "@metacircular/testkit/self-signed.ts";
import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";
import type { DesiredState, EngineCertificate, EngineRoute } from "../../engine/desired-state.ts";
import type { Engine } from "../../engine/engine.ts";
import { defaultLimits } from "../../engine/limits.ts";
import { openHaproxyEngine } from "../haproxy-engine.ts";

/** A real HAProxy in a directory of its own, with one public port. */
export interface TestDataPlane extends AsyncDisposable {
  readonly engine: Engine;
  readonly directory: string;
  readonly port: number;
  /** For `one.test`, `two.test`, `localhost` and `*.wild.test`. */
  readonly certificate: SelfSigned;
  readonly log: readonly string[];
  readonly logger: Logger;
}

export async function createDataPlane(): Promise<TestDataPlane> {
  const directory = await createTemporaryDirectory();
  const log: string[] = [];
  const destination = { write: (line: string) => void log.push(line) };
  const logger = createLogger({ name: "test", level: "debug", destination });
  const engine = await openHaproxyEngine({ directory: directory.path, clock: systemClock, logger });
  return {
    engine,
    directory: directory.path,
    port: await freePort(),
    certificate: await selfSigned("one.test", "two.test", "localhost", "*.wild.test"),
    log,
    logger,
    async [Symbol.asyncDispose]() {
      await engine[Symbol.asyncDispose]();
      await directory[Symbol.asyncDispose]();
    },
  };
}

/** What a data plane should do; whatever is not said is nothing, and short where it is about stopping. */
export function aState(
  { port, certificate }: Pick<TestDataPlane, "port" | "certificate">,
  parts: Partial<DesiredState> = {},
): DesiredState {
  return {
    listeners: [{ port, address: "127.0.0.1" }],
    routes: [],
    certificates: [aCertificate(certificate)],
    firewall: { rules: [], countryNetworks: {} },
    trustedProxies: [],
    ...parts,
    limits: { ...defaultLimits, stopTimeoutMs: 0, ...parts.limits },
  };
}

export function aCertificate({ hostnames, pem }: SelfSigned, name = "test"): EngineCertificate {
  return { name, pem, hostnames };
}

/** An L7 route, unless said otherwise. */
export function aRoute(
  plane: Pick<TestDataPlane, "port">,
  hostname: string,
  backendPort: number,
  parts: Partial<EngineRoute> = {},
): EngineRoute {
  return {
    port: plane.port,
    hostname,
    mode: "l7",
    backend: { host: "127.0.0.1", port: backendPort },
    backendProtocol: "http1",
    sendProxyProtocol: false,
    maintenance: false,
    maxBodyBytes: 0,
    rateLimit: 0,
    ...parts,
  };
}
