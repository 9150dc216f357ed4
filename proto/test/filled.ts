import type { DescField, DescMessage, JsonObject, JsonValue } from "@bufbuild/protobuf";
import { ScalarType } from "@bufbuild/protobuf";

/** A message in JSON with a value in every field, no two alike: lists have two elements, of a `oneof` the first
 * choice is taken. */
export function filled(schema: DescMessage, seed = 1): JsonObject {
  const set = schema.fields.filter((field) => field.oneof === undefined || field.oneof.fields[0] === field);
  return Object.fromEntries(set.map((field) => [field.jsonName, valueOf(field, seed + field.number)]));
}

function valueOf(field: DescField, seed: number): JsonValue {
  if (field.fieldKind === "map") return { first: elementOf(field, seed), second: elementOf(field, seed + 1) };
  if (field.fieldKind === "list") return [elementOf(field, seed), elementOf(field, seed + 1)];
  return elementOf(field, seed);
}

function elementOf(field: DescField, seed: number): JsonValue {
  if (field.message?.typeName === "google.protobuf.Timestamp") return `2026-01-02T03:04:05.00${seed % 10}Z`;
  if (field.message?.typeName === "google.protobuf.Duration") return `${seed}.5s`;
  if (field.message !== undefined) return filled(field.message, seed);
  if (field.enum !== undefined) return field.enum.values.at(-1)?.number ?? 0;
  switch (field.scalar) {
    case ScalarType.STRING:
      return `text ${seed}`;
    case ScalarType.BOOL:
      return true;
    case ScalarType.BYTES:
      return Buffer.from([0, seed]).toString("base64");
    case ScalarType.UINT64:
      return (2n ** 53n + BigInt(seed)).toString();
    case ScalarType.DOUBLE:
      return seed + 0.5;
    default:
      return seed;
  }
}
