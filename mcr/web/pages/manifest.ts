import { type Content, html, type Html } from "@metacircular/mcdsl/web/html.ts";
import { timeElement } from "@metacircular/mcdsl/web/time-text.ts";
import { manifestPath } from "../paths.ts";
import type { AboutIt, ManifestView, PlatformRow } from "../read/manifest.ts";
import { layersSection } from "./layers.ts";
import {
  breadcrumbs,
  digestLink,
  fact,
  foreign,
  properties,
  repositoryCrumb,
  sizeElement,
  type Viewer,
} from "./pieces.ts";
import { immutableChip } from "./repository.ts";

/** The page of a tag, or of a manifest by its digest. */
export function manifestPage(view: ManifestView, viewer: Viewer): Html {
  const { repository, tag, stored, manifest } = view;
  return html`${breadcrumbs(repositoryCrumb(repository))}
    <h1>
      ${repository}${tag === undefined ? html`<wbr />@<span class="digest">${stored.digest}</span>` : html`<wbr />:${tag}`}
      ${immutableChip(view.isImmutable)}
    </h1>
    ${summarySection(view, viewer)} ${platformsSection(view)}
    ${manifest.kind === "image" && layersSection(view.steps, manifest.config)} ${configurationSection(view)}
    ${aboutSection(view)} ${valuesSection("Annotations", manifest.annotations)}
    ${valuesSection("Labels", view.configuration?.labels ?? {})} ${includedSection(view)}
    ${pullsSection(view, viewer)} ${removal(view)}`;
}

function summarySection(view: ManifestView, { nowMs, registryHost }: Viewer): Html {
  const { repository, tag, stored, manifest } = view;
  const source = sourceOf(view);
  const otherTags = view.tags.filter((name) => name !== tag);
  return html`<section class="card" aria-label="Summary">
    <dl class="facts">
      ${fact("Kind", manifest.kind === "index" ? "Index" : foreign(view.kind.label))}
      ${fact("Size", sizeElement(view.sizeBytes))}
      ${view.configuration !== undefined && fact("Platform", foreign(view.configuration.platform))}
      ${fact("Pushed", html`${timeElement(stored.pushedAtMs, nowMs)} <span class="quiet">by ${stored.pushedBy}</span>`)}
      ${source !== undefined && fact("Source revision", html`<span class="digest">${foreign(source)}</span>`)}
    </dl>
    <h2>Pull</h2>
    ${pullCommands(view, registryHost).map((command) => html`<div class="command"><code>${command}</code></div>`)}
    <dl class="properties">
      <dt>Digest</dt>
      <dd class="digest">${stored.digest}</dd>
      <dt>Media type</dt>
      <dd><code>${foreign(stored.mediaType)}</code></dd>
      ${
        manifest.artifactType !== "" &&
        html`<dt>Artifact type</dt>
          <dd><code>${foreign(manifest.artifactType)}</code></dd>`
      }
      ${
        manifest.subject !== undefined &&
        html`<dt>Is about</dt>
          <dd>${digestLink(repository, manifest.subject.digest)}</dd>`
      }
      ${
        otherTags.length > 0 &&
        html`<dt>${tag === undefined ? "Tags" : "Other tags"}</dt>
          <dd>${tagLinks(repository, otherTags)}</dd>`
      }
    </dl>
  </section>`;
}

/** By its tag and by its digest. Podman pulls images only. */
function pullCommands({ repository, tag, stored, manifest, kind }: ManifestView, host: string): string[] {
  if (tag !== undefined && kind.label === "Helm chart") {
    return [`helm pull oci://${host}/${repository} --version ${tag}`];
  }
  const program = manifest.kind === "index" || kind.kind === "image" ? "podman" : "oras";
  const references = [...(tag === undefined ? [] : [`:${tag}`]), `@${stored.digest}`];
  return references.map((reference) => `${program} pull ${host}/${repository}${reference}`);
}

/** What OCI says of it (image specification, "annotations.md"). */
function sourceOf({ manifest, configuration }: ManifestView): string | undefined {
  const name = "org.opencontainers.image.revision";
  return manifest.annotations[name] ?? configuration?.labels[name];
}

function tagLinks(repository: string, tags: readonly string[]): Content {
  const most = 30;
  return [
    ...tags
      .slice(0, most)
      .map((tag) => html`<a class="chip" href="${manifestPath(repository, { tag })}">${tag}</a>`),
    tags.length > most && html`<span class="quiet">and ${tags.length - most} more</span>`,
  ];
}

function platformsSection({ repository, manifest, platforms }: ManifestView): Content {
  if (manifest.kind !== "index") return undefined;
  return html`<section class="card" aria-labelledby="platforms">
    <h2 id="platforms">Platforms</h2>
    <table>
      <thead>
        <tr>
          <th scope="col">Platform</th>
          <th scope="col">Digest</th>
          <th scope="col" class="number">Size</th>
        </tr>
      </thead>
      <tbody>
        ${platforms.map((row) => platformRow(repository, row))}
      </tbody>
    </table>
  </section>`;
}

function platformRow(repository: string, row: PlatformRow): Html {
  const isAttestation = row.annotations["vnd.docker.reference.type"] === "attestation-manifest";
  const name = isAttestation ? "attestation" : row.platform === "" ? "not said" : row.platform;
  return html`<tr>
    <td>
      <span><span class="name">${foreign(name)}</span></span>
    </td>
    <td data-label="Digest">
      ${row.isThere ? digestLink(repository, row.digest) : html`<span class="digest">${row.digest}</span> <span class="chip bad">not here</span>`}
    </td>
    <td class="number" data-label="Size">${sizeElement(row.contentBytes)}</td>
  </tr>`;
}

function configurationSection({ configuration }: ManifestView): Content {
  if (configuration === undefined) return undefined;
  const { created, author, entrypoint, command, user, workingDirectory, ports, volumes } = configuration;
  const rows: readonly (readonly [string, string])[] = [
    ["Created", created],
    ["Author", author],
    ["Entrypoint", argv(entrypoint)],
    ["Command", argv(command)],
    ["User", user],
    ["Working directory", workingDirectory],
    ["Ports", ports.join(", ")],
    ["Volumes", volumes.join(", ")],
  ];
  const said = rows.filter(([, value]) => value !== "");
  if (said.length === 0) return undefined;
  return html`<section class="card" aria-labelledby="configuration">
    <h2 id="configuration">Configuration</h2>
    <dl class="properties">
      ${said.map(
        ([term, value]) =>
          html`<dt>${term}</dt>
            <dd><code>${foreign(value)}</code></dd>`,
      )}
    </dl>
  </section>`;
}

function argv(words: readonly string[]): string {
  return words.map((word) => (/^[\w./:=@%+,-]+$/.test(word) ? word : JSON.stringify(word))).join(" ");
}

function aboutSection({ repository, referrers }: ManifestView): Html {
  return html`<section class="card" aria-labelledby="about">
    <h2 id="about">Signatures, SBOMs and attestations</h2>
    ${
      referrers.length === 0
        ? html`<p class="quiet">Nothing refers to this manifest.</p>`
        : html`<table>
            <thead>
              <tr>
                <th scope="col">What</th>
                <th scope="col">Digest</th>
                <th scope="col" class="number">Size</th>
              </tr>
            </thead>
            <tbody>
              ${referrers.map((about) => aboutRow(repository, about))}
            </tbody>
          </table>`
    }
  </section>`;
}

function aboutRow(repository: string, { kind, artifactType, digest, sizeBytes, created }: AboutIt): Html {
  return html`<tr>
    <td>
      <span
        ><span class="chip ${kind.kind}">${kind.label}</span>
        <span class="quiet"
          >${foreign(artifactType)}${created !== "" && html`, created ${foreign(created)}`}</span
        ></span
      >
    </td>
    <td data-label="Digest">${digestLink(repository, digest)}</td>
    <td class="number" data-label="Size">${sizeElement(sizeBytes)}</td>
  </tr>`;
}

function valuesSection(title: string, values: Readonly<Record<string, string>>): Content {
  if (Object.keys(values).length === 0) return undefined;
  const id = title.toLowerCase();
  return html`<section class="card" aria-labelledby="${id}">
    <h2 id="${id}">${title}</h2>
    ${properties(values)}
  </section>`;
}

function includedSection({ repository, includedBy }: ManifestView): Content {
  if (includedBy.length === 0) return undefined;
  return html`<section class="card" aria-labelledby="included">
    <h2 id="included">Part of</h2>
    <ul>
      ${includedBy.map(({ digest, tags }) => html`<li>${digestLink(repository, digest)} ${tagLinks(repository, tags)}</li>`)}
    </ul>
  </section>`;
}

function pullsSection({ pulls }: ManifestView, { nowMs }: Viewer): Html {
  return html`<section class="card" aria-labelledby="pulls">
    <h2 id="pulls">Pulled by</h2>
    ${
      pulls.length === 0
        ? html`<p class="quiet">Nobody, as far as the records go.</p>`
        : html`<table>
            <thead>
              <tr>
                <th scope="col">Account</th>
                <th scope="col" class="number">Pulls</th>
                <th scope="col">Last</th>
                <th scope="col">As</th>
              </tr>
            </thead>
            <tbody>
              ${pulls.map(
                ({ caller, pulls: times, lastAtMs, reference }) =>
                  html`<tr>
                    <td><span class="name">${caller.name === "" ? "anonymous" : caller.name}</span></td>
                    <td class="number" data-label="Pulls">${times}</td>
                    <td data-label="Last">${timeElement(lastAtMs, nowMs)}</td>
                    <td data-label="As"><span class="digest">${foreign(reference)}</span></td>
                  </tr>`,
              )}
            </tbody>
          </table>`
    }
  </section>`;
}

function removal({ repository, tag, stored, mayDelete }: ManifestView): Content {
  if (!mayDelete) return undefined;
  const manifest = html`<a class="button danger" href="${manifestPath(repository, stored.digest)}/delete"
    >Delete the manifest…</a
  >`;
  if (tag === undefined) return html`<p class="row">${manifest}</p>`;
  return html`<p class="row">
    <a class="button danger" href="${manifestPath(repository, { tag })}/delete">Delete the tag…</a>
    ${manifest}
  </p>`;
}
