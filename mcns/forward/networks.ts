import { BlockList, isIP, isIPv4 } from "node:net";

/** An address range such as `10.0.0.0/8`; a single address is one too. */
export interface Network {
  readonly address: string;
  readonly prefixBits: number;
}

/** Reads `10.0.0.0/8`, `fd00::/8` or a single address; undefined when it is none of these. */
export function parseNetwork(text: string): Network | undefined {
  const match = /^([0-9A-Fa-f:.]+)(?:\/(\d{1,3}))?$/.exec(text);
  const address = match?.[1] ?? "";
  const family = isIP(address);
  if (family === 0) return undefined;
  const most = family === 4 ? 32 : 128;
  const prefixBits = match?.[2] === undefined ? most : Number(match[2]);
  return prefixBits > most ? undefined : { address, prefixBits };
}

/** Addresses whose verdict is remembered. */
const mostRemembered = 10_000;

/** A set of networks, made to be asked for every packet. */
export class Networks {
  readonly #list = new BlockList();
  readonly #remembered = new Map<string, boolean>();
  readonly #isEmpty: boolean;

  constructor(networks: Iterable<Network>) {
    let count = 0;
    for (const { address, prefixBits } of networks) {
      this.#list.addSubnet(address, prefixBits, isIPv4(address) ? "ipv4" : "ipv6");
      count += 1;
    }
    this.#isEmpty = count === 0;
  }

  has(address: string): boolean {
    if (this.#isEmpty) return false;
    const known = this.#remembered.get(address);
    if (known !== undefined) return known;
    const [plain = ""] = address.split("%");
    const found = this.#list.check(plain, isIPv4(plain) ? "ipv4" : "ipv6");
    if (this.#remembered.size >= mostRemembered) this.#remembered.clear();
    this.#remembered.set(address, found);
    return found;
  }
}
