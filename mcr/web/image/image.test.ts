import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { artifactKind, cosignTagKind, cosignTags } from "./artifact-kind.ts";
import { instructionOf, parseConfiguration } from "./configuration.ts";
import { layerSteps } from "./layers.ts";
import { shownManifest } from "../../manifest/shown-manifest.ts";

const digest = (digit: string): string => `sha256:${digit.repeat(64)}`;
const bytes = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));
const layers = shownManifest(
  bytes({
    layers: [
      { digest: digest("1"), size: 300 },
      { digest: digest("2"), size: 100 },
    ],
  }),
).layers;

describe("a configuration", () => {
  test("says what it says, and nothing where it is wrong", () => {
    const parsed = parseConfiguration(
      bytes({
        os: "linux",
        architecture: "amd64",
        config: {
          Labels: { a: "b" },
          Cmd: ["run"],
          Entrypoint: null,
          ExposedPorts: { "80/tcp": {} },
          Env: ["SECRET=1"],
        },
        history: [{ created_by: "x", empty_layer: true }],
      }),
    );
    assert.equal(parsed?.platform, "linux/amd64");
    assert.deepEqual(
      [parsed.labels, parsed.command, parsed.entrypoint, parsed.ports],
      [{ a: "b" }, ["run"], [], ["80/tcp"]],
    );
    assert.ok(!JSON.stringify(parsed).includes("SECRET"));
    assert.deepEqual(parseConfiguration(bytes({ config: 7, history: "x" }))?.history, []);
    assert.equal(parseConfiguration(Buffer.from("no JSON")), undefined);
  });

  test("shows instructions as people wrote them", () => {
    const table: readonly (readonly [string, string])[] = [
      ['/bin/sh -c #(nop)  CMD ["sh"]', 'CMD ["sh"]'],
      ["/bin/sh -c apt-get update", "RUN apt-get update"],
      ["RUN /bin/sh -c make # buildkit", "RUN make"],
      ["COPY . /srv # buildkit", "COPY . /srv"],
      ["", ""],
    ];
    for (const [written, shown] of table) assert.equal(instructionOf(written), shown);
  });
});

describe("layers", () => {
  test("stand beside the step that made them", () => {
    const history = [
      { createdBy: "ADD", isEmptyLayer: false },
      { createdBy: "ENV", isEmptyLayer: true },
      { createdBy: "RUN", isEmptyLayer: false },
    ];
    assert.deepEqual(
      layerSteps(layers, history).map(({ createdBy, number, share }) => [createdBy, number, share]),
      [
        ["ADD", 1, 0.75],
        ["ENV", 0, 0],
        ["RUN", 2, 0.25],
      ],
    );
  });

  test("stand alone where the history does not fit", () => {
    const steps = layerSteps(layers, [{ createdBy: "ADD", isEmptyLayer: false }]);
    assert.deepEqual(
      steps.map(({ createdBy, number }) => [createdBy, number]),
      [
        ["", 1],
        ["", 2],
      ],
    );
  });
});

test("artifacts are recognised by their type", () => {
  const table: readonly (readonly [string, string])[] = [
    ["application/vnd.dev.cosign.artifact.sig.v1+json", "signature"],
    ["application/vnd.cncf.notary.signature", "signature"],
    ["application/vnd.dev.sigstore.bundle.v0.3+json", "signature"],
    ["application/spdx+json", "sbom"],
    ["application/vnd.cyclonedx+json", "sbom"],
    ["application/vnd.in-toto+json", "attestation"],
    ["application/vnd.oci.image.config.v1+json", "image"],
    ["application/vnd.example", "other"],
  ];
  for (const [type, kind] of table) assert.equal(artifactKind(type).kind, kind, type);
  assert.equal(cosignTags(digest("1"))[0]?.tag, `sha256-${"1".repeat(64)}.sig`);
});

test("a tag of cosign's is told from others by its whole form", () => {
  assert.equal(cosignTagKind(`sha256-${"1".repeat(64)}.sbom`)?.kind, "sbom");
  for (const tag of [`sha256-${"1".repeat(63)}.sig`, `sha256-${"1".repeat(64)}`, "v1.sig", ""]) {
    assert.equal(cosignTagKind(tag), undefined, tag);
  }
});
