import { messageOf } from "@metacircular/mcdsl/errors.ts";
import { systemCodeOf } from "@metacircular/mcdsl/system-code.ts";
import type { Identifier } from "../identifier.ts";
import { AcmeProblem, type ProblemType } from "../problem.ts";
import type { ValidationParts } from "./proof.ts";

/** Addresses of an identifier that validation may connect to.
 * @throws AcmeProblem dns, connection where there are only others */
export async function connectable(
  identifier: Identifier,
  { names, mayConnect, signal }: Pick<ValidationParts, "names" | "mayConnect" | "signal">,
): Promise<string[]> {
  const addresses = await names.addresses(identifier, signal);
  const allowed = addresses.filter(mayConnect);
  if (allowed.length > 0) return allowed;
  throw new AcmeProblem(
    "connection",
    `the server's configuration does not let it connect to ${addresses.join(", ")} (${identifier.value})`,
  );
}

/** What a failed connection is to the client. */
export function connectionProblem(type: ProblemType, where: string, thrown: unknown): AcmeProblem {
  if (thrown instanceof AcmeProblem) return thrown;
  const reason = systemCodeOf(thrown) || messageOf(thrown).slice(0, 200);
  return new AcmeProblem(type, `cannot connect to ${where}: ${reason}`, { cause: thrown });
}
