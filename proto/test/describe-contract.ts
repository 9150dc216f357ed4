import type { DescEnum, DescField, DescFile, DescMessage, DescService } from "@bufbuild/protobuf";
import { ScalarType } from "@bufbuild/protobuf";

/** All that a client of a contract depends on, as text: names, numbers, types and kinds of calls. */
export function describeContract(file: DescFile): string {
  return [...file.services.map(service), ...file.messages.map(message), ...file.enums.map(enumeration)].join(
    "\n",
  );
}

/** e.g. `repeated string` or `map<string, mcp.v1.ServiceSpec>` */
export function typeOf(field: DescField): string {
  switch (field.fieldKind) {
    case "scalar":
      return `${field.proto.proto3Optional ? "optional " : ""}${ScalarType[field.scalar].toLowerCase()}`;
    case "enum":
      return field.enum.typeName;
    case "message":
      return field.message.typeName;
    case "list":
      return `repeated ${elementOf(field)}`;
    case "map":
      return `map<${ScalarType[field.mapKey].toLowerCase()}, ${elementOf(field)}>`;
  }
}

function elementOf(field: DescField & { fieldKind: "list" | "map" }): string {
  const { message, enum: enumType, scalar } = field;
  if (scalar !== undefined) return ScalarType[scalar].toLowerCase();
  return (message ?? enumType).typeName;
}

function service({ typeName, methods }: DescService): string {
  const calls = methods.map(({ name, methodKind, input, output }) => {
    const from = methodKind === "client_streaming" || methodKind === "bidi_streaming" ? "stream " : "";
    const to = methodKind === "server_streaming" || methodKind === "bidi_streaming" ? "stream " : "";
    return `  ${name}(${from}${input.typeName}) returns (${to}${output.typeName})\n`;
  });
  return `service ${typeName}\n${calls.join("")}`;
}

function message({ typeName, fields }: DescMessage): string {
  const lines = fields.map((field) => {
    const choice = field.oneof === undefined ? "" : ` (one of ${field.oneof.name})`;
    return `  ${field.number} ${field.name} ${typeOf(field)}${choice}\n`;
  });
  return `message ${typeName}\n${lines.join("")}`;
}

function enumeration({ typeName, values }: DescEnum): string {
  return `enum ${typeName}\n${values.map(({ number, name }) => `  ${number} ${name}\n`).join("")}`;
}
