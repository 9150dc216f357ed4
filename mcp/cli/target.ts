import { DetailedError } from "@metacircular/mcdsl/errors.ts";

import { assertServiceName } from "./definitions/find.ts";

/** What a command works on: a service or one of its components. */
export interface Target {
  readonly service: string;
  /** Empty: all. */
  readonly component: string;
}

/** Reads `service` or `service/component`.
 * @throws DetailedError NAME_INVALID */
export function parseTarget(text: string): Target {
  const [service = "", component = "", ...rest] = text.split("/");
  assertServiceName(service);
  if (rest.length === 0 && (component !== "" || !text.includes("/"))) return { service, component };
  throw new DetailedError({
    code: "NAME_INVALID",
    category: "invalid-argument",
    attempted: "find",
    subject: JSON.stringify(text),
    found: "it is neither a service nor a component of one",
    remedy: 'write "service" or "service/component"',
  });
}
