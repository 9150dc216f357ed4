import { InvalidArgumentError } from "@commander-js/extra-typings";

/** `name` or `name:port`; without a port it is 443. */
export interface RouteName {
  readonly hostname: string;
  readonly port: number;
}

export function parseRouteName(text: string): RouteName {
  const match = /^([^:\s]+)(?::(\d{1,5}))?$/u.exec(text);
  const port = Number(match?.[2] ?? 443);
  if (match === null || port < 1 || port > 65_535)
    throw new InvalidArgumentError('Write it as "hello.example.org" or "hello.example.org:8443".');
  return { hostname: match[1] ?? "", port };
}

/** A whole number of at least 0. */
export function parseCount(text: string): number {
  const value = Number(text);
  if (!/^\d+$/u.test(text) || !Number.isSafeInteger(value))
    throw new InvalidArgumentError("Not a whole number.");
  return value;
}

export function parsePort(text: string): number {
  const port = parseCount(text);
  if (port > 65_535) throw new InvalidArgumentError("Not a port.");
  return port;
}
