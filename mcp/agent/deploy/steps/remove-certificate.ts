import { hostnameEffect } from "@metacircular/mcp-core/edge/effect.ts";
import type { StepOf } from "@metacircular/mcp-core/step.ts";
import { carryOut } from "../../edge/carry-out.ts";
import type { StepContext } from "../step-context.ts";

/** Removes the certificate of a host name and its key. */
export async function removeCertificate(
  { component, hostname }: StepOf<"remove-certificate">,
  context: StepContext,
): Promise<void> {
  const { edge, service } = context;
  await carryOut(
    hostnameEffect({ kind: "certificate", hostname, service, component, target: "", wanted: false }),
    async () => edge?.certificates?.files.remove(hostname),
    context,
  );
}
