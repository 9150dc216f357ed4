import { hostnameEffect } from "@metacircular/mcp-core/edge/effect.ts";
import { isCertificateDue } from "@metacircular/mcp-core/edge/edge-input.ts";
import type { StepOf } from "@metacircular/mcp-core/step.ts";
import { carryOut } from "../../edge/carry-out.ts";
import type { StepContext } from "../step-context.ts";

/** Gets a certificate for a host name, unless a good one is there, and gives it to the proxy. */
export async function provisionCertificate(
  { component, hostname }: StepOf<"provision-certificate">,
  context: StepContext,
): Promise<void> {
  const { edge, service, clock, signal } = context;
  const settings = edge?.settings.certificates;
  if (edge?.certificates === undefined || settings === undefined) return;
  const { files, issuer } = edge.certificates;
  await carryOut(
    hostnameEffect({ kind: "certificate", hostname, service, component, target: "", wanted: true }),
    async () => {
      // An attempt that a crash cut off may have got it.
      if (!isCertificateDue(await files.read(hostname), settings, clock.now())) return;
      await files.write(hostname, await issuer.issue(hostname, signal));
    },
    context,
  );
}
