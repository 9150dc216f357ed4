import type { SeenCertificate } from "./edge-input.ts";
import type { EdgeEffect } from "./effect.ts";

/** What an operator has to know of a component: `edge`: a route, a name or its only certificate has been missing for a
 * while. `certificate`: a certificate that still is good cannot be renewed. */
export type EdgeTrouble = "edge" | "certificate";

const lastsMs = 60_000;
const failedRenewals = 3;

/** Which troubles the pending effects of one component are at this moment. Pure. */
export function edgeTroubles(
  effects: readonly EdgeEffect[],
  certificates: ReadonlyMap<string, SeenCertificate>,
  nowMs: number,
): Set<EdgeTrouble> {
  const troubles = effects.flatMap((effect): EdgeTrouble[] => {
    const { pending, kind, hostname } = effect;
    if (pending === undefined) return [];
    const seen = certificates.get(hostname);
    if (kind === "certificate" && seen !== undefined && nowMs < seen.notAfterMs) {
      return pending.attempts >= failedRenewals ? ["certificate"] : [];
    }
    return nowMs - pending.sinceMs >= lastsMs ? ["edge"] : [];
  });
  return new Set(troubles);
}
