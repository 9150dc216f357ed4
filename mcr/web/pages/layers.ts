import { html, type Html } from "@metacircular/mcdsl/web/html.ts";
import { sizeText } from "@metacircular/mcdsl/size-text.ts";
import type { LayerStep } from "../image/layers.ts";
import type { Descriptor } from "../../manifest/shown-manifest.ts";
import { count, foreign, shortDigest } from "./pieces.ts";

const colours = 8;
const mostSteps = 300;

/** Layers and configuration of an image as a picture of their sizes, and the same as a list in the order of the build. */
export function layersSection(steps: readonly LayerStep[], config: Descriptor | undefined): Html {
  const layers = steps.filter(({ layer }) => layer !== undefined);
  const totalBytes = layers.reduce((sum, { layer }) => sum + (layer?.sizeBytes ?? 0), 0);
  return html`<section class="card" aria-labelledby="layers">
    <h2 id="layers">Layers</h2>
    <p class="quiet">${count(layers.length, "layer")}, ${sizeText(totalBytes)} as they are transferred</p>
    ${picture(slicesOf(layers, config), layers.length)}
    <ol class="layers">
      ${steps.slice(0, mostSteps).map(listed)} ${config !== undefined && listedConfiguration(config)}
    </ol>
    ${steps.length > mostSteps && html`<p class="quiet">and ${steps.length - mostSteps} more</p>`}
  </section>`;
}

/** A part of the picture. */
interface Slice {
  readonly label: string;
  readonly sizeBytes: number;
  /** Of its colour. */
  readonly style: string;
}

function slicesOf(layers: readonly LayerStep[], config: Descriptor | undefined): Slice[] {
  const slices = layers.slice(0, mostSteps).map((step) => ({
    label: `layer ${step.number}`,
    sizeBytes: step.layer?.sizeBytes ?? 0,
    style: `slice-${colourOf(step)}`,
  }));
  if (config === undefined) return slices;
  return [
    ...slices,
    { label: "the configuration", sizeBytes: config.sizeBytes, style: "slice-configuration" },
  ];
}

/** Widths go by size; what is small still can be seen. */
function picture(slices: readonly Slice[], layerCount: number): Html {
  const totalBytes = slices.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const shareOf = ({ sizeBytes }: Slice): number => (totalBytes === 0 ? 0 : sizeBytes / totalBytes);
  const width = 1000;
  const least = Math.min(8, width / Math.max(1, slices.length));
  let x = 0;
  const drawn = slices.map((slice) => {
    const from = x;
    const sliceWidth = least + shareOf(slice) * (width - least * slices.length);
    x += sliceWidth;
    return html`<rect
      class="${slice.style}"
      x="${from.toFixed(2)}"
      width="${sliceWidth.toFixed(2)}"
      height="40"
    >
      <title>${slice.label}: ${sizeText(slice.sizeBytes)}</title>
    </rect>`;
  });
  const largest = slices.toSorted((a, b) => b.sizeBytes - a.sizeBytes)[0];
  const hasConfiguration = slices.some(({ style }) => style === "slice-configuration");
  const what = `${count(layerCount, "layer")}${hasConfiguration ? " and the configuration" : ""} by size`;
  const most = largest && `; the largest is ${largest.label} with ${Math.round(shareOf(largest) * 100)} %`;
  return html`<svg
    class="picture"
    viewBox="0 0 ${width} 40"
    preserveAspectRatio="none"
    role="img"
    aria-label="${what}${most}. The list below has them all."
  >
    ${drawn}
  </svg>`;
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
      >${createdBy !== "" && `Layer ${number}, `}${percentText(share)},
      <span class="digest" title="${layer.digest}">${shortDigest(layer.digest)}</span
      >${layerType(layer.mediaType)}</span
    >
  </li>`;
}

function listedConfiguration({ digest, sizeBytes }: Descriptor): Html {
  return html`<li>
    <svg class="swatch" viewBox="0 0 10 10" aria-hidden="true">
      <rect class="slice-configuration" width="10" height="10"></rect>
    </svg>
    <span class="step">Configuration</span>
    <strong class="number">${sizeText(sizeBytes)}</strong>
    <span class="below quiet"><span class="digest" title="${digest}">${shortDigest(digest)}</span></span>
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
