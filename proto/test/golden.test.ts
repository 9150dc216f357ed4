import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { describe, test } from "node:test";
import type { DescFile } from "@bufbuild/protobuf";
import { file_mcdsl_v1_error } from "../gen/mcdsl/v1/error_pb.ts";
import { file_mcns_v1_records } from "../gen/mcns/v1/records_pb.ts";
import { file_mcr_v1_operation } from "../gen/mcr/v1/operation_pb.ts";
import { file_mcr_v1_registry } from "../gen/mcr/v1/registry_pb.ts";
import { file_mcr_v1_rules } from "../gen/mcr/v1/rules_pb.ts";
import { file_mcp_v1_mcp } from "../gen/mcp/v1/mcp_pb.ts";
import { file_mcproxy_v1_admin } from "../gen/mcproxy/v1/admin_pb.ts";
import { file_metacrypt_v1_acme } from "../gen/metacrypt/v1/acme_pb.ts";
import { file_metacrypt_v1_ca } from "../gen/metacrypt/v1/ca_pb.ts";
import { file_metacrypt_v1_system } from "../gen/metacrypt/v1/system_pb.ts";
import { describeContract } from "./describe-contract.ts";

// A change of a golden file is a change of the contract. Numbers and names that are there stay; write new ones with
//   UPDATE_GOLDEN=1 node --test proto/test/golden.test.ts
const contracts: readonly DescFile[] = [
  file_mcdsl_v1_error,
  file_mcns_v1_records,
  file_mcp_v1_mcp,
  file_mcproxy_v1_admin,
  file_mcr_v1_operation,
  file_mcr_v1_registry,
  file_mcr_v1_rules,
  file_metacrypt_v1_acme,
  file_metacrypt_v1_ca,
  file_metacrypt_v1_system,
];

const severalFiles = new Set(["mcr.v1", "metacrypt.v1"]);

/** Of its package; of its file where a package has several. */
const nameOf = (file: DescFile): string =>
  severalFiles.has(file.proto.package) ? file.name.replaceAll("/", ".") : file.proto.package;

describe("the contract", () => {
  for (const file of contracts) {
    test(`${nameOf(file)} has the names, numbers and types of its golden file`, () => {
      const golden = new URL(`golden/${nameOf(file)}.txt`, import.meta.url);
      const described = describeContract(file);
      if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(golden, described);
      assert.equal(described, readFileSync(golden, "utf8"));
    });
  }
});
