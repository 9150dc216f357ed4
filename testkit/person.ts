import { createIdentityClient } from "@metacircular/mcias/client.ts";
import type { TestIdentity } from "./identity.ts";

/** Of all people in tests. */
export const testPassword = "correct horse battery staple";

/** Adds a person with these roles and logs in.
 * @param serviceName what the login is for */
export async function personToken(
  identity: TestIdentity,
  name: string,
  roles: readonly string[],
  serviceName: string,
): Promise<string> {
  const options = roles.flatMap((role) => ["--role", role]);
  await identity.admin(["account", "add", name, "--password-stdin", ...options], `${testPassword}\n`);
  using client = createIdentityClient({ issuer: identity.issuer, caFile: identity.caFile });
  const { accessToken } = await client.login({ username: name, password: testPassword, serviceName });
  return accessToken;
}
