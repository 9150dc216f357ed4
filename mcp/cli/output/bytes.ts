const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"] as const;

/** A size with three digits at most before the unit: `512 B`, `1.5 GiB`, `120 GiB`. */
export function formatBytes(sizeBytes: number): string {
  const step = sizeBytes < 1 ? 0 : Math.min(Math.floor(Math.log2(sizeBytes) / 10), units.length - 1);
  const value = sizeBytes / 1024 ** step;
  return `${step === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[step]}`;
}
