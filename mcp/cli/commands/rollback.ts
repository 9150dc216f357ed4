import { create, equals } from "@bufbuild/protobuf";
import type { Command } from "@commander-js/extra-typings";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import {
  OperationOutcome,
  type RevisionInfo,
  ServiceSpecSchema,
} from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";

import { type Context, openContext } from "../context.ts";
import type { Invocation } from "../invocation.ts";
import { locateService } from "../nodes/locate.ts";
import { confirmed } from "../operations/confirm.ts";
import { planJson, showPlan } from "../operations/plan.ts";
import { operationJson, showOperation } from "../operations/result.ts";
import { runOperation } from "../operations/run.ts";
import { revision } from "../options.ts";
import { plain } from "../output/table.ts";
import { revisionImages } from "../view/revision-images.ts";

export const json = { ...operationJson, "with --dry-run": Object.keys(planJson).join(", ") } as const;

export function define(command: Command, invocation: Invocation): void {
  command
    .description("Deploys an earlier revision of a service. The definition file stays as it is.")
    .argument("<service>", "service to roll back")
    .option(
      "--to <revision>",
      "revision to deploy (default: the newest that differs from what is deployed)",
      revision,
    )
    .option("-y, --yes", "do not ask")
    .option("--dry-run", "only show what would be done")
    .action(async (service, options, self) => {
      await using context = await openContext(self, invocation);
      const { node } = await locateService(context, service);
      const { target, images } = await chooseRevision(context, node, service, options.to);
      if (options.dryRun === true) {
        const plan = await context.nodes.call(node, (agent, signal) =>
          agent.planRollback({ service, revision: target.number }, { signal }),
        );
        return showPlan(context.output, { node, service }, plan);
      }
      const question = `Roll ${service} on ${node} back to revision ${target.number} (${images})?`;
      if (!(await confirmed(context, question, options.yes === true))) return;
      const result = await runOperation(context, node, (agent, operationId, call) =>
        agent.rollback({ service, revision: target.number, operationId }, call),
      );
      showOperation(context, { verb: "rollback", node, service }, result);
      if (result.outcome === OperationOutcome.SUCCEEDED)
        context.output.say(
          `the definition file still names the other version, and the next deploy uses it; to have it name this one: mcp service export ${service}`,
        );
    });
}

/** The newest before the deployed one that differs from it: a deploy that only started something stores the same
 * again. Where none differs, the one before; where none is deployed, the newest. */
function earlier(revisions: readonly RevisionInfo[]): RevisionInfo | undefined {
  const at = revisions.findIndex((each) => each.current);
  const [current, before] = [revisions[at], revisions.slice(at + 1)];
  if (current === undefined) return before[0];
  return before.find((each) => !deploysTheSame(each, current)) ?? before[0];
}

function deploysTheSame(one: RevisionInfo, other: RevisionInfo): boolean {
  const [what, than] = [one, other].map(({ spec, digests }) => ({
    components: create(ServiceSpecSchema, { components: spec?.components ?? [] }),
    digests: JSON.stringify(Object.entries(digests).toSorted(([a], [b]) => a.localeCompare(b))),
  }));
  if (what === undefined || than === undefined) return false;
  return equals(ServiceSpecSchema, what.components, than.components) && what.digests === than.digests;
}

/** The revision that was asked for, so that the question and the operation mean the same one. */
async function chooseRevision(
  context: Context,
  node: string,
  service: string,
  to: number | undefined,
): Promise<{ target: RevisionInfo; images: string }> {
  const { revisions } = await context.nodes.call(node, (agent, signal) =>
    agent.listRevisions({ service, limit: 1_000 }, { signal }),
  );
  const found = to === undefined ? earlier(revisions) : revisions.find(({ number }) => number === BigInt(to));
  if (found !== undefined) {
    const images = revisionImages(found, revisions).map(({ image }) => plain(image));
    return { target: found, images: images.join(", ") };
  }
  const known = revisions
    .slice(0, 10)
    .map(({ number }) => number)
    .join(", ");
  throw new DetailedError({
    code: "REVISION_NOT_FOUND",
    category: "not-found",
    attempted: "roll back",
    subject: service,
    found: to === undefined ? `node ${node} has no earlier revision` : `node ${node} has no revision ${to}`,
    remedy: remedyFor(service, to, known),
  });
}

function remedyFor(service: string, to: number | undefined, known: string): string {
  if (known === "") return `deploy it with \`mcp deploy ${service}\``;
  if (to === undefined) return `name a revision with --to; \`mcp history ${service}\` lists ${known}`;
  return `name one of ${known}; \`mcp history ${service}\` says what each is`;
}
