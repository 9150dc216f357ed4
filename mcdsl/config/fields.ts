import { durationForm, parseDuration } from "@metacircular/mcp-core/duration.ts";
import { isIPv4 } from "node:net";
import { z } from "zod";
import { canonicalNetwork } from "../address/canonical.ts";
import { type HostAndPort, parseHostAndPort } from "./host-and-port.ts";

/** A duration as text, e.g. `"15m"`; its value is in milliseconds. */
export function duration(): z.ZodPipe<z.ZodString, z.ZodTransform<number, string>> {
  return z.string().transform((text, context) => {
    const durationMs = parseDuration(text);
    if (durationMs !== undefined) return durationMs;
    context.addIssue({ code: "custom", message: `must be ${durationForm}, not ${JSON.stringify(text)}` });
    return z.NEVER;
  });
}

/** Where a server listens: `"host:port"`, an IPv6 address in brackets, `":port"` for all addresses. */
export function listenAddress(): z.ZodPipe<z.ZodString, z.ZodTransform<HostAndPort, string>> {
  return z.string().transform((text, context) => {
    const address = parseHostAndPort(text);
    if (address !== undefined)
      return { host: address.host === "" ? "0.0.0.0" : address.host, port: address.port };
    context.addIssue({
      code: "custom",
      message: `must be an address such as "127.0.0.1:8443" or "[::1]:8443", not ${JSON.stringify(text)}`,
    });
    return z.NEVER;
  });
}

/** Where a server listens that only programs of the same machine may reach: `"127.0.0.1:port"`, `"[::1]:port"`,
 * `"localhost:port"`. The empty string, as undefined: nowhere. */
export function loopbackAddress(): z.ZodPipe<z.ZodString, z.ZodTransform<HostAndPort | undefined, string>> {
  return z.string().transform((text, context) => {
    const address = parseHostAndPort(text);
    if (text === "") return undefined;
    if (address !== undefined && isLoopback(address.host)) return address;
    context.addIssue({
      code: "custom",
      message: `must be a loopback address such as "127.0.0.1:9445", for there is neither encryption nor login, or "" for none; not ${JSON.stringify(text)}`,
    });
    return z.NEVER;
  });
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIPv4(host) && host.startsWith("127."));
}

/** Networks and addresses, each in its canonical form; none where nothing is said. */
export function networks(): z.ZodPrefault<
  z.ZodArray<z.ZodPipe<z.ZodString, z.ZodTransform<string, string>>>
> {
  return z.array(network()).max(maxNetworks).prefault([]);
}

const maxNetworks = 1_000;

function network(): z.ZodPipe<z.ZodString, z.ZodTransform<string, string>> {
  return z.string().transform((text, context) => {
    const canonical = canonicalNetwork(text);
    if (canonical !== undefined) return canonical;
    context.addIssue({
      code: "custom",
      message: `must be an address or a network such as "203.0.113.0/24", not ${JSON.stringify(text)}`,
    });
    return z.NEVER;
  });
}

/** Path of a file or directory; relative ones start at the working directory. */
export function filePath(): z.ZodString {
  return z
    .string()
    .min(1, "must be the path of a file, not an empty string")
    .refine((path) => !path.includes("\0"), "must not contain a NUL character");
}
