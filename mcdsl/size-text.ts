const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"] as const;

/** A size with three digits at most before the unit: `512 B`, `1.5 GiB`, `120 GiB`. */
export function sizeText(sizeBytes: number): string {
  let size = sizeBytes;
  let unit = 0;
  while (size >= 999.5 && unit < units.length - 1) {
    size /= 1024;
    unit++;
  }
  const digits = unit > 0 && size < 99.95 ? 1 : 0;
  return `${size.toFixed(digits)} ${units[unit]}`;
}
