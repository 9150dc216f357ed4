import type { ShownManifest } from "../../manifest/shown-manifest.ts";

/** What an artifact is about an image. */
export interface ArtifactKind {
  readonly kind: "signature" | "sbom" | "attestation" | "report" | "image" | "other";
  /** For people, e.g. `Signature (cosign)`. */
  readonly label: string;
}

const kinds: readonly (readonly [RegExp, ArtifactKind["kind"], string])[] = [
  [/^application\/vnd\.cncf\.notary\.signature/, "signature", "Signature (notation)"],
  [/^application\/vnd\.dev\.cosign\.(?:artifact\.sig|simplesigning)/, "signature", "Signature (cosign)"],
  [/^application\/vnd\.dev\.sigstore\.bundle/, "signature", "Signature (sigstore bundle)"],
  [/^application\/vnd\.dev\.cosign\.artifact\.att/, "attestation", "Attestation (cosign)"],
  [/^application\/vnd\.in-toto/, "attestation", "Attestation (in-toto)"],
  [/^application\/vnd\.dsse\.envelope/, "attestation", "Attestation (DSSE)"],
  [/spdx/, "sbom", "SBOM (SPDX)"],
  [/cyclonedx/, "sbom", "SBOM (CycloneDX)"],
  [/^application\/vnd\.syft/, "sbom", "SBOM (Syft)"],
  [/^application\/vnd\.dev\.cosign\.artifact\.sbom/, "sbom", "SBOM (cosign)"],
  [/^application\/sarif/, "report", "Report (SARIF)"],
  [/openvex/, "report", "Report (OpenVEX)"],
  [/^application\/vnd\.security\.vulnerability/, "report", "Report of vulnerabilities"],
  [/^application\/vnd\.cncf\.helm/, "other", "Helm chart"],
  [/^application\/vnd\.(?:oci\.image\.config|docker\.container\.image)/, "image", "Image"],
];

/** Recognises an artifact by its type. */
export function artifactKind(artifactType: string): ArtifactKind {
  const known = kinds.find(([pattern]) => pattern.test(artifactType));
  if (known !== undefined) return { kind: known[1], label: known[2] };
  return { kind: "other", label: artifactType === "" ? "Artifact" : "Other artifact" };
}

/** Recognises what a manifest is by its type, or that of its configuration. */
export function manifestKind({
  artifactType,
  config,
}: Pick<ShownManifest, "artifactType" | "config">): ArtifactKind {
  return artifactKind(artifactType === "" ? (config?.mediaType ?? "") : artifactType);
}

const tagKinds: Readonly<Record<string, ArtifactKind>> = {
  sig: { kind: "signature", label: "Signature (cosign)" },
  att: { kind: "attestation", label: "Attestation (cosign)" },
  sbom: { kind: "sbom", label: "SBOM (cosign)" },
};

/** The tags by which cosign names what it has of a manifest, where it does not use referrers. */
export function cosignTags(digest: string): readonly { readonly tag: string; readonly kind: ArtifactKind }[] {
  return Object.entries(tagKinds).map(([ending, kind]) => ({
    tag: `${digest.replace(":", "-")}.${ending}`,
    kind,
  }));
}

/** What cosign has under a tag; undefined: the tag is none of cosign's. */
export function cosignTagKind(tag: string): ArtifactKind | undefined {
  const ending = /^sha\d+-[0-9a-f]{64,128}\.(sig|att|sbom)$/.exec(tag)?.[1];
  return ending === undefined ? undefined : tagKinds[ending];
}
