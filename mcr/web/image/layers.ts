import type { HistoryEntry } from "./configuration.ts";
import type { Descriptor } from "../../manifest/shown-manifest.ts";

/** A layer, or a step of the build that changed no file. */
export interface LayerStep {
  /** Undefined: it changed no file. */
  readonly layer: Descriptor | undefined;
  /** From 1, among the layers. */
  readonly number: number;
  /** Empty: not known. */
  readonly createdBy: string;
  /** Of all layers, 0 to 1. */
  readonly share: number;
}

/** Brings layers and the history of the configuration together, in the order of the build. Where they do not fit (some builders
 * squash) there are only the layers. */
export function layerSteps(
  layers: readonly Descriptor[],
  history: readonly HistoryEntry[],
): readonly LayerStep[] {
  const totalBytes = layers.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const shareOf = (layer: Descriptor): number => (totalBytes === 0 ? 0 : layer.sizeBytes / totalBytes);
  const fits = history.filter(({ isEmptyLayer }) => !isEmptyLayer).length === layers.length;
  if (!fits) {
    return layers.map((layer, index) => ({ layer, number: index + 1, createdBy: "", share: shareOf(layer) }));
  }
  let used = 0;
  return history.map(({ createdBy, isEmptyLayer }): LayerStep => {
    const layer = isEmptyLayer ? undefined : layers[used++];
    if (layer === undefined) return { layer, number: 0, createdBy, share: 0 };
    return { layer, number: used, createdBy, share: shareOf(layer) };
  });
}
