import type { z } from "zod";
import type { Path } from "./problem.ts";

type AnySchema = z.core.$ZodType;
type KnownSchema = z.core.$ZodTypes;

/** The schema without what wraps it: optional, default, readonly, lazy and the input side of a pipe. */
export function unwrap(schema: AnySchema): KnownSchema {
  let current = schema as KnownSchema;
  for (;;) {
    const definition = current._zod.def;
    switch (definition.type) {
      case "optional":
      case "nullable":
      case "default":
      case "prefault":
      case "nonoptional":
      case "readonly":
      case "catch":
        current = definition.innerType as KnownSchema;
        break;
      case "lazy":
        current = definition.getter() as KnownSchema;
        break;
      case "pipe":
        current = definition.in as KnownSchema;
        break;
      default:
        return current;
    }
  }
}

/** Fields of an object schema by name; undefined where it is something else. */
export function fieldsOf(schema: AnySchema): Readonly<Record<string, AnySchema>> | undefined {
  const definition = unwrap(schema)._zod.def;
  return definition.type === "object" ? definition.shape : undefined;
}

/** The keys that are known at a path, over all alternatives of a union. */
export function knownKeys(schema: AnySchema, path: Path): string[] {
  const keys = schemasAt([schema], path).flatMap((candidate) => Object.keys(fieldsOf(candidate) ?? {}));
  return [...new Set(keys)];
}

function schemasAt(schemas: readonly AnySchema[], path: Path): AnySchema[] {
  const alternatives = schemas.flatMap(alternativesOf);
  const [part, ...rest] = path;
  if (part === undefined) return alternatives;
  return schemasAt(
    alternatives.flatMap((schema) => childOf(schema, part)),
    rest,
  );
}

function alternativesOf(schema: AnySchema): AnySchema[] {
  const inner = unwrap(schema);
  const definition = inner._zod.def;
  if (definition.type === "union") return definition.options.flatMap(alternativesOf);
  if (definition.type === "intersection") {
    return [...alternativesOf(definition.left), ...alternativesOf(definition.right)];
  }
  return [inner];
}

function childOf(schema: AnySchema, part: string | number): AnySchema[] {
  const definition = unwrap(schema)._zod.def;
  if (definition.type === "object") {
    const field = definition.shape[part];
    return field === undefined ? [] : [field];
  }
  if (definition.type === "array") return [definition.element];
  if (definition.type === "record") return [definition.valueType];
  return [];
}
