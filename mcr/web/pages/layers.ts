import { html, type Html } from "@metacircular/mcdsl/web/html.ts";
import { sizeText } from "@metacircular/mcdsl/web/size-text.ts";
import type { LayerStep } from "../image/layers.ts";
import type { Descriptor } from "../image/manifest.ts";
import { count, foreign, shortDigest } from "./pieces.ts";

const colours = 8;
const mostSteps = 300;

/** Layers and configuration of an image as a picture of their sizes, and the same as a list in the order of the build. */
export function layersSection(steps: readonly LayerStep[], config: Descriptor | undefined): Html {
  const layers = steps.filter(({ layer }) => layer !== undefined);
  const totalBytes = layers.reduce((sum, { layer }) => sum + (layer?.sizeBytes ?? 0), 0);
  return html`<section class="card" aria-labelledby="layers">
    <h2 id="layers">Layers</h2>
    <p class="quiet">
      ${count(layers.length, "layer")}, ${sizeText(totalBytes)} as they are
      transferred${config !== undefined && html`; configuration ${sizeText(config.sizeBytes)}`}
    </p>
    ${picture(layers, totalBytes)}
    <ol class="layers">
      ${steps.slice(0, mostSteps).map(listed)}
    </ol>
    ${steps.length > mostSteps && html`<p class="quiet">and ${steps.length - mostSteps} more</p>`}
  </section>`;
}

/** Widths go by size; what is small still can be seen. */
function picture(layers: readonly LayerStep[], totalBytes: number): Html {
  const shown = layers.slice(0, mostSteps);
  const width = 1000;
  const least = Math.min(8, width / Math.max(1, shown.length));
  const sizes = shown.map(({ share }) => least + share * (width - least * shown.length));
  let x = 0;
  const slices = shown.map((step, index) => {
    const from = x;
    x += sizes[index] ?? 0;
    return html`<rect
      class="slice-${colourOf(step)}"
      x="${from.toFixed(2)}"
      width="${(sizes[index] ?? 0).toFixed(2)}"
      height="40"
      ><title>Layer ${step.number}: ${sizeText(step.layer?.sizeBytes ?? 0)}</title></rect
    >`;
  });
  return html`<svg
    class="picture"
    viewBox="0 0 ${width} 40"
    preserveAspectRatio="none"
    role="img"
    aria-label="${pictureText(shown, totalBytes)}"
  >
    ${slices}
  </svg>`;
}

function pictureText(layers: readonly LayerStep[], totalBytes: number): string {
  const largest = layers.toSorted((a, b) => b.share - a.share)[0];
  if (largest === undefined || totalBytes === 0) return count(layers.length, "layer");
  const percent = Math.round(largest.share * 100);
  return `${count(layers.length, "layer")} by size; the largest is layer ${largest.number} with ${percent} %. The list below has them all.`;
}

function listed(step: LayerStep): Html {
  const { layer, number, createdBy, share } = step;
  if (layer === undefined) {
    return html`<li class="empty quiet">
      <span></span><code class="step">${foreign(createdBy)}</code><span>no files</span>
    </li>`;
  }
  return html`<li>
    <svg class="swatch" viewBox="0 0 10 10" aria-hidden="true">
      <rect class="slice-${colourOf(step)}" width="10" height="10"></rect>
    </svg>
    <span class="step"
      >${createdBy === "" ? html`Layer ${number}` : html`<code>${foreign(createdBy)}</code>`}</span
    >
    <strong class="number">${sizeText(layer.sizeBytes)}</strong>
    <span class="below quiet"
      >Layer ${number}, ${percentText(share)},
      <span class="digest" title="${layer.digest}">${shortDigest(layer.digest)}</span
      >${layerType(layer.mediaType)}</span
    >
  </li>`;
}

function percentText(share: number): string {
  const percent = share * 100;
  return percent > 0 && percent < 1 ? "less than 1 %" : `${Math.round(percent)} %`;
}

/** How it is packed, where that is known. */
function layerType(mediaType: string): string {
  const packed = /(?:\+|\.)(gzip|zstd|encrypted)$/.exec(mediaType)?.[1];
  const isForeign = /nondistributable|foreign/.test(mediaType);
  return `${packed === undefined ? "" : `, ${packed}`}${isForeign ? ", kept elsewhere" : ""}`;
}

function colourOf({ number }: LayerStep): number {
  return (number - 1) % colours;
}
