import { type DescMessage, type MessageShape, toJson } from "@bufbuild/protobuf";

/** A message as the description of the API names its fields, with those that have their default value. */
export function messageJson<Desc extends DescMessage>(schema: Desc, message: MessageShape<Desc>): unknown {
  return toJson(schema, message, { useProtoFieldName: true, alwaysEmitImplicit: true });
}

export function printJson(out: (line: string) => void, value: unknown): void {
  out(JSON.stringify(value, undefined, 2));
}
