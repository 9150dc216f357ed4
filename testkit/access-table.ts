import assert from "node:assert/strict";
import { create, type DescMethodUnary, getOption, type JsonObject, toJson } from "@bufbuild/protobuf";
import { createGrpcClientTransport } from "@metacircular/mcdsl/grpc/client.ts";
import { fromConnectError } from "@metacircular/mcdsl/grpc/errors.ts";
import {
  access as accessOption,
  Access,
  http as httpOption,
} from "@metacircular/proto/gen/mcdsl/v1/api_pb.ts";

/** Fields of a request. */
export type Fields = Record<string, unknown>;

/** A service whose described API is tried. */
export interface DescribedService {
  readonly grpcAddress: string;
  readonly caFile: string;
  /** A call by REST; the answer's body is decoded. */
  rest(verb: string, path: string, body: unknown, token: string | undefined): Promise<RestAnswer>;
}

interface RestAnswer {
  readonly status: number | undefined;
  readonly body: unknown;
}

/** Calls each method as each caller, by gRPC and by REST, and fails where the two differ.
 * @param callers token by caller; undefined: none
 * @param requests by method, one that works for who may make it
 * @returns who may call what, as text */
export async function accessTable(
  service: DescribedService,
  methods: readonly DescMethodUnary[],
  callers: ReadonlyMap<string, string | undefined>,
  requests: Readonly<Record<string, () => Fields | Promise<Fields>>>,
): Promise<string> {
  assert.deepEqual(methods.map(({ name }) => name).toSorted(), Object.keys(requests).toSorted());
  const lines: string[] = [];
  for (const method of methods) {
    lines.push(`${method.parent.name}/${method.name}  (${accessName(method)})`);
    for (const [caller, token] of callers) {
      const requestFor = requests[method.name];
      assert.ok(requestFor !== undefined, method.name);
      const grpc = await byGrpc(service, method, token, await requestFor());
      const rest = await byRest(service, method, token, await requestFor());
      assert.equal(rest, grpc, `${method.name} as ${caller}`);
      lines.push(`    ${caller.padEnd(16)}${grpc}`);
    }
  }
  return `${lines.join("\n")}\n`;
}

function accessName(method: DescMethodUnary): string {
  const access = getOption(method, accessOption);
  return Object.entries(Access).find(([, value]) => value === access)?.[0] ?? String(access);
}

/** The REST form of a request, from the description alone. */
export function restForm(
  method: DescMethodUnary,
  init: Fields,
): { readonly verb: string; readonly path: string; readonly body: unknown } {
  const rule = getOption(method, httpOption);
  const verb = (rule.pattern.case ?? "").toUpperCase();
  const json = toJson(method.input, create(method.input, init), { useProtoFieldName: true }) as JsonObject;
  const inPath = new Set<string>();
  const path = String(rule.pattern.value).replaceAll(
    /\{([\w.]+)(=\*\*)?\}/gu,
    (_, field: string, isRest: string | undefined) => {
      inPath.add(field);
      const value = String(field.split(".").reduce<unknown>((at, part) => (at as JsonObject)[part], json));
      return isRest === undefined ? encodeURIComponent(value) : value;
    },
  );
  const others = Object.entries(json).filter(([field]) => !inPath.has(field));
  if (rule.body !== "") {
    return { verb, path, body: rule.body === "*" ? Object.fromEntries(others) : json[rule.body] };
  }
  const scalars = others.map(([field, value]) => [field, String(value as string | number | boolean)]);
  const query = new URLSearchParams(scalars).toString();
  return { verb, path: query === "" ? path : `${path}?${query}`, body: undefined };
}

async function byGrpc(
  { grpcAddress: address, caFile }: DescribedService,
  method: DescMethodUnary,
  token: string | undefined,
  init: Fields,
): Promise<string> {
  await using transport = createGrpcClientTransport({
    address,
    caFile,
    timeoutMs: 60_000,
    ...(token === undefined ? {} : { token: () => Promise.resolve(token) }),
  });
  try {
    await transport.unary(method, undefined, undefined, undefined, create(method.input, init));
    return "yes";
  } catch (thrown) {
    return fromConnectError(thrown).code;
  }
}

async function byRest(
  service: DescribedService,
  method: DescMethodUnary,
  token: string | undefined,
  init: Fields,
): Promise<string> {
  const { verb, path, body } = restForm(method, init);
  const { status, body: answer } = await service.rest(verb, path, body, token);
  return status === 200 ? "yes" : (answer as { error: { code: string } }).error.code;
}
