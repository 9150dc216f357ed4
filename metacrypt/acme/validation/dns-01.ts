import { AcmeProblem } from "../problem.ts";
import { keyAuthorizationDigest, type Proof, type ValidationParts } from "./proof.ts";

/** Looks for the digest of the key authorisation in the TXT records of `_acme-challenge.<name>` (RFC 8555, section
 * 8.4).
 * @throws AcmeProblem dns, unauthorized, incorrectResponse */
export async function validateDns01(
  proof: Proof,
  { names, signal }: Pick<ValidationParts, "names" | "signal">,
): Promise<void> {
  const name = `_acme-challenge.${proof.identifier.value}`;
  const found = await names.texts(name, signal);
  if (found.length === 0) throw new AcmeProblem("unauthorized", `${name} has no TXT record`);
  const expected = keyAuthorizationDigest(proof.keyAuthorization).toString("base64url");
  if (found.includes(expected)) return;
  throw new AcmeProblem("incorrectResponse", `no TXT record of ${name} holds the expected value`);
}
