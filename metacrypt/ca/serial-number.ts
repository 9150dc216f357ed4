import { randomBytes } from "node:crypto";

/** 16 random octets as hexadecimal (RFC 5280, section 4.1.2.2: positive, at most 20 octets). */
export function randomSerialNumber(): string {
  const bytes = randomBytes(16);
  // Never zero, which would not be positive, and never shortened: one spelling everywhere.
  bytes[0] = (bytes[0] ?? 0) | 1;
  return bytes.toString("hex");
}
