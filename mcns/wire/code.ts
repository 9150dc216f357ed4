/** Response codes (RFC 1035, 2136, 6891, 8945). Those above 15 need EDNS or TSIG to be said. */
export const responseCodes = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
  YXDOMAIN: 6,
  YXRRSET: 7,
  NXRRSET: 8,
  NOTAUTH: 9,
  NOTZONE: 10,
  BADVERS: 16,
} as const;

export const opcodes = { QUERY: 0, NOTIFY: 4, UPDATE: 5 } as const;

export const classes = { IN: 1, CH: 3, NONE: 254, ANY: 255 } as const;

/** Bits of the second 16 bits of a message. */
export const flagBits = {
  response: 0x8000,
  authoritative: 0x0400,
  truncated: 0x0200,
  recursionDesired: 0x0100,
  recursionAvailable: 0x0080,
  authenticData: 0x0020,
  checkingDisabled: 0x0010,
} as const;

const codeNames: ReadonlyMap<number, string> = new Map(
  Object.entries(responseCodes).map(([name, number]) => [number, name]),
);

/** The name of a response code, or `RCODE23` for one that has none here. */
export function codeNameOf(code: number): string {
  return codeNames.get(code) ?? `RCODE${code}`;
}
