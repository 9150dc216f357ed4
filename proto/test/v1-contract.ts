import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempDisposableSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createFileRegistry, fromBinary } from "@bufbuild/protobuf";
import type { FileRegistry } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";

const buf = path.resolve(import.meta.dirname, "../../node_modules/.bin/buf");
const ours = path.resolve(import.meta.dirname, "..");

/** The first published version of the contract, compiled from its own source. */
export interface V1Contract extends Disposable {
  readonly types: FileRegistry;
  /** Throws with buf's report when our contract breaks v1, on the wire or in JSON. */
  refuseBreakingChanges(): void;
}

export function compileV1(): V1Contract {
  const folder = mkdtempDisposableSync(path.join(tmpdir(), "contract-"));
  const image = path.join(folder.path, "image.binpb");
  mkdirSync(path.join(folder.path, "v1/mcp/v1"), { recursive: true });
  cpSync(path.join(import.meta.dirname, "v1.proto"), path.join(folder.path, "v1/mcp/v1/mcp.proto"));
  const run = (...args: string[]): string => execFileSync(buf, args, { cwd: folder.path, encoding: "utf8" });
  run("build", "v1", "--output", image);
  return {
    types: createFileRegistry(fromBinary(FileDescriptorSetSchema, readFileSync(image))),
    refuseBreakingChanges: () => {
      run("breaking", ours, "--against", "v1");
    },
    [Symbol.dispose]: () => folder.remove(),
  };
}
