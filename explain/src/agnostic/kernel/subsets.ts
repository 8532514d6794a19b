import { below } from '../../numeric/random.ts';
import { places, shuffle } from '../../numeric/shuffle.ts';
import type { Random } from '../../numeric/random.ts';
import type { Stratum } from './strata.ts';

/**
 * Coalitions of one size, one of each pair with its complement, all different, each set of them as likely: simple random
 * sampling without replacement. Where half of all players are in, it is the one with player 0.
 *
 * @returns sorted lists of members
 */
export function coalitionsOf(stratum: Stratum, players: number, random: Random): Uint16Array[] {
  const { all, tried } = stratum;
  if (tried === all) return everyCoalition(stratum, players);
  return 2 * tried > all
    ? pick(everyCoalition(stratum, players), tried, random)
    : drawn(stratum, players, random);
}

function everyCoalition({ size }: Stratum, players: number): Uint16Array[] {
  const found: Uint16Array[] = [];
  const members = Uint16Array.from({ length: size }, (_, i) => i);
  const isMiddle = 2 * size === players;
  for (;;) {
    if (isMiddle && members[0] !== 0) return found;
    found.push(members.slice());
    let place = size - 1;
    while (place >= 0 && members[place] === players - size + place) place--;
    if (place < 0) return found;
    const next = (members[place] as number) + 1;
    for (let i = place; i < size; i++) members[i] = next + i - place;
  }
}

function pick(all: readonly Uint16Array[], tried: number, random: Random): Uint16Array[] {
  const order = shuffle(places(all.length), random);
  return Array.from(order.subarray(0, tried).sort(), (index) => all[index] as Uint16Array);
}

function drawn({ size, tried }: Stratum, players: number, random: Random): Uint16Array[] {
  const isMiddle = 2 * size === players;
  const pool = Uint16Array.from({ length: players }, (_, i) => i);
  const found = new Map<string, Uint16Array>();
  while (found.size < tried) {
    for (let i = 0; i < size; i++) {
      const other = i + below(random, players - i);
      const kept = pool[i] as number;
      pool[i] = pool[other] as number;
      pool[other] = kept;
    }
    const inside = pool.slice(0, size).sort();
    const members = isMiddle && inside[0] !== 0 ? pool.slice(size).sort() : inside;
    found.set(String.fromCharCode(...members), members);
  }
  return [...found.values()];
}
