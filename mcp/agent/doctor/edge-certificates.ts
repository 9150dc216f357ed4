import { judgeExpiry } from "@metacircular/mcp-core/doctor/certificate-expiry.ts";
import { isCertificateDue } from "@metacircular/mcp-core/edge/edge-input.ts";
import { fine, type Judgement, problem } from "@metacircular/mcp-core/doctor/finding.ts";
import type { Check } from "./check.ts";

/** How long the certificates are valid that the agent gets for host names. */
export const edgeCertificatesCheck: Check = {
  name: "edge-certificates",
  async run({ edge, registry, clock }) {
    const settings = edge?.settings.certificates;
    if (edge?.certificates === undefined || settings === undefined) {
      return [fine("certificates of host names", "no authority is configured")];
    }
    const { files } = edge.certificates;
    const hostnames = registry.edge
      .all()
      .filter(({ kind, wanted }) => kind === "certificate" && wanted)
      .map(({ hostname }) => hostname);
    if (hostnames.length === 0) return [fine("certificates of host names", "none is needed")];
    const nowMs = clock.now();
    return Promise.all(
      hostnames.map(async (hostname): Promise<Judgement> => {
        const seen = await files.read(hostname);
        if (seen === undefined) {
          return problem(hostname, `it has no certificate in ${files.directory}`, remedy);
        }
        const { notBeforeMs: validFromMs, notAfterMs: validToMs } = seen;
        const judged = judgeExpiry(hostname, { validFromMs, validToMs, nowMs }, remedy);
        // A short-lived one may have less left than would be worrying for others.
        const isFresh = !isCertificateDue(seen, settings, nowMs) && validFromMs <= nowMs;
        return isFresh ? fine(hostname, judged.found) : judged;
      }),
    );
  },
};

const remedy = "see why it cannot be renewed: mcp status shows what is pending";
