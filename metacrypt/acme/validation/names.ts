import { CANCELLED, NODATA, NOTFOUND, Resolver, lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { systemCodeOf } from "@metacircular/mcdsl/system-code.ts";
import { unlessAborted } from "@metacircular/mcdsl/unless-aborted.ts";
import type { Identifier } from "../identifier.ts";
import type { AcmeConfig } from "../config.ts";
import { AcmeProblem } from "../problem.ts";

/** Asks the DNS during validation. Nothing is remembered between questions, so a record that has just been set is
 * seen. */
export interface Names {
  /** Addresses of a host, IPv6 first; an address is its own.
   * @throws AcmeProblem dns */
  addresses(identifier: Identifier, signal: AbortSignal): Promise<string[]>;
  /** TXT records of a name, also through CNAMEs; none where there is no such name.
   * @throws AcmeProblem dns */
  texts(name: string, signal: AbortSignal): Promise<string[]>;
}

const cnameMaximum = 8;
const queryTimeoutMs = 2_000;

export function createNames(config: Pick<AcmeConfig, "resolver">): Names {
  return {
    async addresses({ type, value }, signal) {
      if (type === "ip") return [value];
      const found = await asking(value, signal, (resolver) =>
        config.resolver === "" ? systemAddresses(value) : resolvedAddresses(resolver, value),
      );
      if (found.length === 0) throw new AcmeProblem("dns", `${value} has no address`);
      return found;
    },
    texts: (name, signal) => asking(name, signal, (resolver) => texts(resolver, name)),
  };

  async function asking<T>(
    name: string,
    signal: AbortSignal,
    ask: (resolver: Resolver) => Promise<T>,
  ): Promise<T> {
    // One for each question: its cache would hide what has changed.
    const resolver = new Resolver({ timeout: queryTimeoutMs, tries: 2 });
    if (config.resolver !== "") resolver.setServers([config.resolver]);
    const cancel = (): void => resolver.cancel();
    signal.addEventListener("abort", cancel, { once: true });
    try {
      // The machine's own resolver cannot be told to stop.
      return await unlessAborted(ask(resolver), signal);
    } catch (cause) {
      signal.throwIfAborted();
      throw new AcmeProblem("dns", `the DNS query for ${name} failed: ${codeOf(cause)}`, { cause });
    } finally {
      signal.removeEventListener("abort", cancel);
    }
  }
}

async function systemAddresses(name: string): Promise<string[]> {
  const found = await orNothing(lookup(name, { all: true, order: "ipv6first" }));
  return found.map(({ address }) => address);
}

async function resolvedAddresses(resolver: Resolver, name: string): Promise<string[]> {
  let current = name;
  for (let step = 0; step <= cnameMaximum; step++) {
    const found = await Promise.all([
      orNothing(resolver.resolve6(current)),
      orNothing(resolver.resolve4(current)),
    ]);
    // A server that doesn't follow names answers only with where to go on.
    const addresses = found.flat().filter((address) => isIP(address) !== 0);
    if (addresses.length > 0) return addresses;
    const [next] = await orNothing(resolver.resolveCname(current));
    if (next === undefined) return [];
    current = next;
  }
  throw new AcmeProblem("dns", `${name} leads through more than ${cnameMaximum} aliases`);
}

async function texts(resolver: Resolver, name: string): Promise<string[]> {
  let current = name;
  for (let step = 0; step <= cnameMaximum; step++) {
    const found = await orNothing(resolver.resolveTxt(current));
    if (found.length > 0) return found.map((chunks) => chunks.join(""));
    const [next] = await orNothing(resolver.resolveCname(current));
    if (next === undefined) return [];
    current = next;
  }
  throw new AcmeProblem("dns", `${name} leads through more than ${cnameMaximum} aliases`);
}

/** That there is nothing is an answer. */
async function orNothing<T>(answer: Promise<T[]>): Promise<T[]> {
  try {
    return await answer;
  } catch (thrown) {
    const code = codeOf(thrown);
    if (code === NODATA || code === NOTFOUND || code === "ENODATA") return [];
    throw thrown;
  }
}

function codeOf(thrown: unknown): string {
  if (thrown instanceof AcmeProblem) return thrown.message;
  const code = systemCodeOf(thrown) || CANCELLED;
  return code === CANCELLED ? "no answer in time" : code;
}
