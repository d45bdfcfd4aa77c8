/**
 * Identifiers of everything simulated: UUIDs of version 8 whose first 32 bits are a keyed permutation of the number, so
 * that none comes twice and none tells when or as what it was made; the rest is a keyed hash.
 */
import { hash, permute } from './random.ts';

/** What an id names; ids of different spaces have nothing in common. */
export const space = {
  transfer: 101,
  account: 102,
  party: 103,
  device: 104,
  pattern: 105,
  operator: 106,
  opening: 107,
} as const;

/** The four words of an id. */
export function idWord(seed: number, kind: number, entity: number, word: 0 | 1 | 2 | 3): number {
  if (word === 0) return permute(seed, kind, entity);
  const bits = hash(seed, kind, entity, 1000 + word);
  if (word === 1) return ((bits & 0xffff_0fff) | 0x8000) >>> 0;
  if (word === 2) return ((bits & 0x3fff_ffff) | 0x8000_0000) >>> 0;
  return bits;
}

/** The id as text, for those who do not write bytes. */
export function idText(seed: number, kind: number, entity: number): string {
  const hex = ([0, 1, 2, 3] as const)
    .map((word) => idWord(seed, kind, entity, word).toString(16).padStart(8, '0'))
    .join('');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** An address of the Internet as four numbers in one word: at home in the evening, on the road by day. */
export function internetAddress(
  seed: number,
  device: number,
  address: number,
  district: number,
  day: number,
  second: number,
): number {
  const atHome = second >= 68_400 || second < 28_800;
  // 10.0.0.0/8 is nobody's: simulated traffic never points at a real machine.
  if (atHome) return (0x0a00_0000 | (hash(seed, 201, address) & 0x00ff_ffff)) >>> 0;
  return (0x6440_0000 | ((district & 0xff) << 14) | (hash(seed, 202, device, day >> 3) & 0x3fff)) >>> 0;
}
