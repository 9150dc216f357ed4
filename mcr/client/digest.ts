const pattern = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;

/** The text, where it is a digest of an algorithm that the OCI image specification 1.1 registers; else undefined. */
export function digestOf(text: string): string | undefined {
  return pattern.test(text) ? text : undefined;
}
