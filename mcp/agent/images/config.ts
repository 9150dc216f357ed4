import { parseHostAndPort } from "@metacircular/mcdsl/config/host-and-port.ts";
import { duration } from "@metacircular/mcdsl/config/fields.ts";
import { z } from "zod";

const leastIntervalMs = 1_000;

/** `[registry]`: where images come from, and how often it is asked what tags name. */
export const registrySettings = z
  .strictObject({
    /** `host:port`, as it stands in image references; empty: the agent logs in nowhere. */
    address: z
      .string()
      .refine(
        (text) => text === "" || isRegistryAddress(text),
        'must be "host:port" as it stands in image references, or "" for none',
      )
      .default(""),
    /** Authority of its certificate; empty: the system's. */
    ca_cert: z.string().default(""),
    /** Between two looks at what the tags of running components name; `0s`: never. */
    check_interval: duration()
      .refine(
        (durationMs) => durationMs === 0 || durationMs >= leastIntervalMs,
        "must not be shorter than 1s",
      )
      .prefault("5m"),
  })
  .prefault({});

function isRegistryAddress(text: string): boolean {
  const withPort = parseHostAndPort(text) ?? parseHostAndPort(`${text}:443`);
  return withPort !== undefined && withPort.host !== "";
}
