import {
  type DescField,
  type DescMessage,
  type JsonObject,
  type JsonValue,
  ScalarType,
} from "@bufbuild/protobuf";
import { DetailedError } from "../errors.ts";
import type { MethodRule, RestForm } from "./method-rules.ts";

/** The message of a REST request as JSON. Fields come from the path, from the body, and, where the body does not take
 * them all, from the query; the path overrules the body. Pure.
 * @throws DetailedError REQUEST_INVALID */
export function requestMessage(
  { method, rest }: MethodRule & { readonly rest: RestForm },
  parts: {
    readonly pathFields: ReadonlyMap<string, string>;
    readonly query: URLSearchParams;
    /** Undefined: there was none. */
    readonly body: JsonValue | undefined;
  },
): JsonObject {
  const names = rest.body === "*" ? [] : [...new Set(parts.query.keys())];
  const fields: readonly (readonly [string, readonly string[]])[] = [
    ...names.map((name) => [name, parts.query.getAll(name)] as const),
    ...[...parts.pathFields].map(([name, value]) => [name, [value]] as const),
  ];
  return fields.reduce(
    (message, [name, values]) => withField(message, method.input, name, values),
    fromBody(rest, parts.body),
  );
}

function fromBody({ body: field }: RestForm, body: JsonValue | undefined): JsonObject {
  if (field === "") {
    if (body !== undefined) throw invalid("a body, where none belongs");
    return {};
  }
  const value = body ?? {};
  if (!isObject(value)) throw invalid("a body that is not a JSON object");
  return field === "*" ? value : { [field]: value };
}

/** The message with a field set. What a body wrote under the field's other name gives way. */
function withField(
  message: JsonObject,
  desc: DescMessage,
  path: string,
  values: readonly string[],
): JsonObject {
  const [name = "", ...rest] = path.split(".");
  const field = desc.fields.find((candidate) => candidate.name === name || candidate.jsonName === name);
  if (field === undefined) throw invalid(`a field ${name}, which does not exist here`);
  const others = Object.entries(message).filter(([key]) => key !== field.name && key !== field.jsonName);
  if (rest.length === 0) return Object.fromEntries([...others, [field.name, valueOf(field, values)]]);
  if (field.fieldKind !== "message") throw invalid(`a field ${path}, but ${name} has no fields`);
  const found = message[field.name] ?? message[field.jsonName];
  const inner = withField(isObject(found) ? found : {}, field.message, rest.join("."), values);
  return Object.fromEntries([...others, [field.name, inner]]);
}

function valueOf(field: DescField, values: readonly string[]): JsonValue {
  if (field.fieldKind === "list") return values.map((value) => scalar(field.scalar, value));
  const [value = ""] = values;
  if (values.length > 1) throw invalid(`${values.length} values of ${field.name}, which takes one`);
  return scalar(field.scalar, value);
}

/** Numbers may stand in quotes in the JSON of protocol buffers, booleans may not. */
function scalar(type: ScalarType | undefined, value: string): JsonValue {
  if (type === ScalarType.BOOL && (value === "true" || value === "false")) return value === "true";
  return value;
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function invalid(found: string): DetailedError {
  return new DetailedError({
    code: "REQUEST_INVALID",
    category: "invalid-argument",
    attempted: "read the request",
    found,
    remedy: "correct the request; the API's description names the fields",
  });
}
