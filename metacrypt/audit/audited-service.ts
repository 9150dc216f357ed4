import type { DescMethod, DescService, Message } from "@bufbuild/protobuf";
import { getOption } from "@bufbuild/protobuf";
import type { HandlerContext, MethodImpl, ServiceImpl } from "@connectrpc/connect";
import { identityKey } from "@metacircular/mcdsl/grpc/caller.ts";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import type { ApiService } from "@metacircular/mcdsl/server/api-server.ts";
import { access, Access } from "@metacircular/proto/gen/mcdsl/v1/api_pb.ts";
import type { AuditEntry } from "./audit-log.ts";
import type { DatabaseAuditLog } from "./database-audit-log.ts";

type Unary = (request: Message, context: HandlerContext) => Promise<unknown>;

/** A service of which every call is in the audit log before its answer leaves: by the entry that the implementation
 * writes with its change, else by one made of the request. Of what anybody may call without a token only that is in it
 * which the implementation writes: else anybody could push older entries out. */
export function auditedService<Service extends DescService>(
  description: Service,
  implementation: ServiceImpl<Service>,
  audit: DatabaseAuditLog,
): ApiService {
  const methods = implementation as unknown as Record<string, Unary>;
  return {
    description,
    register(router) {
      for (const method of description.methods) {
        const call = methods[method.localName];
        if (call === undefined)
          throw new Error(`${method.name} of ${description.typeName} is not implemented`);
        const isPublic = getOption(method, access) === Access.PUBLIC;
        const audited = isPublic ? call : auditedCall(method, call.bind(implementation), audit);
        router.rpc(method, audited as unknown as MethodImpl<typeof method>);
      }
    },
  };
}

function auditedCall(method: DescMethod, call: Unary, audit: DatabaseAuditLog): Unary {
  const operation = operationOf(method);
  return (request, context) =>
    audit.during(
      () => call(request, context),
      (thrown) => ({
        actor: context.values.get(identityKey)?.name ?? "anonymous",
        operation,
        ...aboutOf(request),
        ...outcomeOf(thrown),
      }),
    );
}

/** `policy/put-rule` for `PolicyService.PutRule`. */
export function operationOf(method: DescMethod): string {
  return `${kebab(method.parent.name.replace(/Service$/u, ""))}/${kebab(method.name)}`;
}

function kebab(name: string): string {
  return name.replaceAll(/(?<=[a-z0-9])(?=[A-Z])/gu, "-").toLowerCase();
}

/** The fields of a request that say what it is about; none of them is ever a secret. */
const SUBJECT_FIELDS = ["name", "id", "serial", "type"];

function aboutOf(request: Message): Pick<AuditEntry, "mount" | "subject"> {
  const fields: Record<string, unknown> = { ...request };
  const subject = SUBJECT_FIELDS.map((name) => fields[name]).find((value) => typeof value === "string");
  const mount = fields["mount"];
  return {
    ...(typeof mount === "string" ? { mount } : {}),
    ...(typeof subject === "string" ? { subject } : {}),
  };
}

function outcomeOf(thrown: unknown): Pick<AuditEntry, "outcome" | "facts"> {
  if (thrown === undefined) return { outcome: "done" };
  const code = thrown instanceof DetailedError ? thrown.code : "INTERNAL";
  const rule = thrown instanceof DetailedError ? thrown.facts["rule"] : undefined;
  const refused = thrown instanceof DetailedError && thrown.category === "permission-denied";
  return {
    outcome: refused ? "refused" : "failed",
    facts: { code, ...(rule === undefined ? {} : { rule }) },
  };
}
