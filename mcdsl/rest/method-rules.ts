import { type DescMethod, type DescService, getOption } from "@bufbuild/protobuf";
import {
  access,
  Access,
  http,
  type HttpRule,
  while_sealed,
} from "@metacircular/proto/gen/mcdsl/v1/api_pb.ts";
import { parsePathTemplate, type PathTemplate } from "./path-template.ts";

/** What the description of an API says of one of its RPCs. */
export interface MethodRule {
  /** gRPC path, e.g. `/mcns.v1.ZoneService/ListZones`. */
  readonly path: string;
  readonly method: DescMethod;
  readonly access: Access;
  readonly whileSealed: boolean;
  /** Undefined: by gRPC only. */
  readonly rest: RestForm | undefined;
}

export interface RestForm {
  readonly verb: "GET" | "PUT" | "POST" | "PATCH" | "DELETE";
  readonly template: PathTemplate;
  /** Field that the body is; `*`: all fields; empty: there is no body. */
  readonly body: string;
}

/** The rules of all RPCs of the services, by gRPC path.
 * @throws Error where a description forgets to say who may call, or says what cannot be: a defect of the program */
export function methodRules(services: readonly DescService[]): Map<string, MethodRule> {
  const rules = services.flatMap(({ typeName, methods }) =>
    methods.map((method) => ruleOf(`/${typeName}/${method.name}`, method)),
  );
  return new Map(rules.map((rule) => [rule.path, rule]));
}

function ruleOf(path: string, method: DescMethod): MethodRule {
  const whoMay = getOption(method, access);
  if (whoMay === Access.UNSPECIFIED) throw new Error(`${path} does not say who may call it`);
  const rule = getOption(method, http);
  const rest = rule.pattern.case === undefined ? undefined : restForm(path, rule);
  if (rest !== undefined && method.methodKind !== "unary") throw new Error(`${path} streams: no REST form`);
  return { path, method, access: whoMay, whileSealed: getOption(method, while_sealed), rest };
}

const verbs = { get: "GET", put: "PUT", post: "POST", patch: "PATCH", delete: "DELETE" } as const;

function restForm(path: string, { pattern, body }: HttpRule): RestForm {
  if (pattern.case === undefined) throw new Error(`${path} has no REST form`);
  return { verb: verbs[pattern.case], template: parsePathTemplate(pattern.value), body };
}
