import { type DescMessage, type MessageShape, toJson } from "@bufbuild/protobuf";

/** A message as REST answers it, in several lines. */
export function jsonText<Message extends DescMessage>(
  schema: Message,
  message: MessageShape<Message>,
): string {
  const json = toJson(schema, message, { useProtoFieldName: true, alwaysEmitImplicit: true });
  return JSON.stringify(json, undefined, 2);
}
