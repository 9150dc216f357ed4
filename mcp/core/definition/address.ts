import { z } from "zod";

const address = z.union([z.ipv4(), z.ipv6()]);

/** Whether the text is an IPv4 or IPv6 address, without brackets. */
export function isIP(text: string): boolean {
  return address.safeParse(text).success;
}
