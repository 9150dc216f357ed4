import { createIdentityClient } from "@metacircular/mcias/client.ts";
import type { TestIdentity } from "@metacircular/testkit/identity.ts";

const password = "correct horse battery staple";

/** Adds a person with these roles and logs in. */
export async function personToken(
  identity: TestIdentity,
  name: string,
  roles: readonly string[],
): Promise<string> {
  const options = roles.flatMap((role) => ["--role", role]);
  await identity.admin(["account", "add", name, "--password-stdin", ...options], `${password}\n`);
  using client = createIdentityClient({ issuer: identity.issuer, caFile: identity.caFile });
  const { accessToken } = await client.login({ username: name, password, serviceName: "mcns" });
  return accessToken;
}

export function administratorToken(identity: TestIdentity): Promise<string> {
  return personToken(identity, "administrator", ["admin"]);
}
