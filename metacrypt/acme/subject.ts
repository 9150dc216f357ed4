import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import type { PolicyCheck, PolicySubject } from "../policy/policy-check.ts";
import { type AcmeAccount, unboundSubject } from "./account.ts";
import type { Identifier } from "./identifier.ts";
import { AcmeProblem, compound } from "./problem.ts";

/** As whom the policy judges an ACME account: the platform account it is bound to, else `acme`. It never has roles:
 * those of the platform account may have changed since the binding was made, so rules for ACME name accounts. */
export function subjectOf(account: AcmeAccount): PolicySubject {
  const { subject = unboundSubject, kind = "system" } = account.binding ?? {};
  return { name: subject, kind, roles: [] };
}

/** Whether the account may have certificates for all of these.
 * @throws AcmeProblem rejectedIdentifier, with a subproblem for each that the policy refuses */
export function checkPolicy(
  policy: PolicyCheck,
  mount: string,
  account: AcmeAccount,
  identifiers: readonly Identifier[],
): void {
  const refused: { identifier: Identifier; problem: AcmeProblem }[] = [];
  for (const identifier of identifiers) {
    try {
      const names = [identifier.value];
      policy.check({ identity: subjectOf(account), mount, operation: "acme/issue", names });
    } catch (thrown) {
      if (!(thrown instanceof DetailedError) || thrown.code !== "PERMISSION_DENIED") throw thrown;
      const detail = `the policy does not allow ${subjectOf(account).name} certificates for ${identifier.value}`;
      refused.push({
        identifier,
        problem: new AcmeProblem("rejectedIdentifier", detail, { status: 403, cause: thrown }),
      });
    }
  }
  if (refused.length > 0) {
    throw compound("rejectedIdentifier", "the policy refuses some of the identifiers", refused);
  }
}
