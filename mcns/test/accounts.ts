import type { TestIdentity } from "@metacircular/testkit/identity.ts";
import { personToken } from "@metacircular/testkit/person.ts";

export function administratorToken(identity: TestIdentity): Promise<string> {
  return personToken(identity, "administrator", ["admin"], "mcns");
}
