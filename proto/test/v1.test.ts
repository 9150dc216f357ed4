import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import type { DescMessage } from "@bufbuild/protobuf";
import { createRegistry, equals, fromBinary, fromJson, toBinary } from "@bufbuild/protobuf";
import { file_mcp_v1_mcp } from "../gen/mcp/v1/mcp_pb.ts";
import { typeOf } from "./describe-contract.ts";
import { filled } from "./filled.ts";
import { compileV1 } from "./v1-contract.ts";

const v1 = compileV1();
after(() => {
  v1[Symbol.dispose]();
});
const ours = createRegistry(file_mcp_v1_mcp);
const messages = [...v1.types]
  .filter((type): type is DescMessage => type.kind === "message")
  .filter(({ typeName }) => typeName.startsWith("mcp.v1."));

function ourMessage(typeName: string): DescMessage {
  const found = ours.getMessage(typeName);
  assert.ok(found, `${typeName} is gone`);
  return found;
}

describe("a client of the first version", () => {
  test("knows 29 messages and 12 methods, all of which are covered here", () => {
    assert.equal(messages.length, 29);
    assert.equal(v1.types.getService("mcp.v1.McpAgent")?.methods.length, 12);
  });

  test("calls every method by the same name with the same messages", () => {
    const service = ours.getService("mcp.v1.McpAgent");
    for (const { name, methodKind, input, output } of v1.types.getService("mcp.v1.McpAgent")?.methods ?? []) {
      const method = service?.methods.find((candidate) => candidate.name === name);
      assert.deepEqual(
        [method?.methodKind, method?.input.typeName, method?.output.typeName],
        [methodKind, input.typeName, output.typeName],
        name,
      );
    }
  });

  for (const schema of messages) {
    test(`finds every field of ${schema.name} under its number, name and type`, () => {
      const our = ourMessage(schema.typeName);
      for (const field of schema.fields) {
        const found = our.fields.find(({ number }) => number === field.number);
        assert.deepEqual([found?.name, found && typeOf(found)], [field.name, typeOf(field)]);
      }
    });

    test(`is understood when it sends ${schema.name}`, () => {
      const our = ourMessage(schema.typeName);
      const sent = fromJson(schema, filled(schema));
      const received = fromBinary(our, toBinary(schema, sent));
      assert.ok(equals(our, received, fromJson(our, filled(schema))), "all values arrive");
      assert.equal(received.$unknown, undefined);
      assert.ok(equals(schema, fromBinary(schema, toBinary(our, received)), sent), "and come back");
    });

    test(`understands ${schema.name} from us, with what it does not know left aside`, () => {
      const our = ourMessage(schema.typeName);
      const received = fromBinary(schema, toBinary(our, fromJson(our, filled(our))));
      const known = fromJson(schema, filled(our), { ignoreUnknownFields: true });
      assert.ok(equals(schema, received, known));
    });
  }

  test("is not broken by any rule that buf knows for the wire and for JSON", () => {
    v1.refuseBreakingChanges();
  });
});
