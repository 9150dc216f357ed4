/** Random numbers from a seed, the same each time. */
export type Random = (below: number) => number;

/** mulberry32 */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000) * below);
  };
}

const mostBytes = 2_048;
/** Values at which parsers go wrong: bounds of lengths, kinds of labels, types and classes. */
const telling = [0, 1, 2, 12, 41, 63, 64, 127, 128, 191, 192, 193, 250, 251, 252, 254, 255];

type Mutation = (packet: Buffer, random: Random) => Buffer;

const mutations: readonly Mutation[] = [
  (packet, random) => set(packet, random, random(256)),
  (packet, random) => set(packet, random, telling[random(telling.length)] ?? 0),
  (packet, random) => packet.subarray(0, random(packet.length + 1)),
  (packet, random) => Buffer.concat([packet, noise(random, random(40))]),
  // Counts of the header.
  (packet, random) => set(packet, () => 4 + random(8), random(4) === 0 ? random(256) : random(3)),
  // A pointer.
  (packet, random) => {
    const at = random(packet.length + 1);
    set(packet, () => at, 0xc0 | random(2));
    return set(packet, () => at + 1, random(256));
  },
  (packet, random) => {
    const from = random(packet.length + 1);
    const part = packet.subarray(from, from + random(64));
    const at = random(packet.length + 1);
    return Buffer.concat([packet.subarray(0, at), part, packet.subarray(at)]);
  },
  (packet, random) => {
    const from = random(packet.length + 1);
    return Buffer.concat([packet.subarray(0, from), packet.subarray(from + random(16))]);
  },
];

function set(packet: Buffer, at: Random, value: number): Buffer {
  const index = at(packet.length);
  if (index < packet.length) packet[index] = value;
  return packet;
}

export function noise(random: Random, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length; at++) bytes[at] = random(256);
  return bytes;
}

/** A packet that was sound, with one to six things changed; now and then nothing but noise. */
export function mutated(corpus: readonly Buffer[], random: Random): Buffer {
  if (random(50) === 0) return noise(random, random(300));
  let packet = Buffer.from(corpus[random(corpus.length)] ?? Buffer.alloc(0));
  for (let left = 1 + random(6); left > 0; left--) {
    packet = Buffer.from(mutations[random(mutations.length)]?.(packet, random) ?? packet);
  }
  return packet.subarray(0, mostBytes);
}
