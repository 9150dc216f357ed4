import { DetailedError, messageOf } from "@metacircular/mcdsl/errors.ts";
import { fine, type Judgement, problem } from "@metacircular/mcp-core/doctor/finding.ts";
import type { Check } from "./check.ts";

/** Whether the proxy, the name server and the certificate authority answer, as far as they are configured. */
export const edgeServicesCheck: Check = {
  name: "edge",
  async run({ edge }, signal) {
    if (edge === undefined) return [fine("the edge", "none of its services is configured")];
    const { routes, names, certificates } = edge;
    const judged = await Promise.all([
      routes &&
        judge("the proxy", signal, async () => {
          const { problems, ports } = await routes.status(signal);
          if (problems.length > 0) throw new Error(problems.join("; "));
          return `it answers, and serves port ${ports.join(", ")}`;
        }),
      names &&
        judge(`the name server, zone ${names.zone}`, signal, async () => {
          await names.records.list("mcp-doctor", "A", signal);
          return "it answers";
        }),
      certificates &&
        judge(`the authority at ${certificates.directoryUrl}`, signal, async () => {
          await certificates.issuer.check(signal);
          return "it answers";
        }),
    ]);
    return judged.filter((judgement) => judgement !== undefined);
  },
};

async function judge(subject: string, signal: AbortSignal, ask: () => Promise<string>): Promise<Judgement> {
  try {
    return fine(subject, await ask());
  } catch (error) {
    signal.throwIfAborted();
    const remedy = error instanceof DetailedError ? error.remedy : "";
    const found = error instanceof DetailedError ? error.found : messageOf(error);
    return problem(subject, found, remedy === "" ? "start it, or look into its log" : remedy);
  }
}
