/** Reasons of RFC 5280, section 5.3.1, with their numbers, and those that make sense for a certificate that stays
 * revoked: nothing is put on hold. */
export const revocationReasons = {
  unspecified: 0,
  keyCompromise: 1,
  cACompromise: 2,
  affiliationChanged: 3,
  superseded: 4,
  cessationOfOperation: 5,
  privilegeWithdrawn: 9,
  aACompromise: 10,
} as const;

export type RevocationReason = keyof typeof revocationReasons;

/** The reason with this number (RFC 8555, section 7.6, carries the number); undefined for others. */
export function revocationReason(code: number): RevocationReason | undefined {
  return reasonNames.find((name) => revocationReasons[name] === code);
}

export const reasonNames = Object.keys(revocationReasons) as RevocationReason[];
