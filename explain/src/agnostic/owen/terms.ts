import { shapleyWeights } from '../../numeric/shapley-weights.ts';
import type { Coalitions } from '../coalitions.ts';
import { isGroup } from './hierarchy.ts';
import type { Hierarchy } from './hierarchy.ts';

/** One change that counts: `player` joins coalition `without`, which makes it `joined`. */
export interface Term {
  readonly player: number;
  readonly without: number;
  readonly joined: number;
  readonly weight: number;
}

export interface Terms {
  readonly terms: readonly Term[];
  /** each once; the empty one and that of all players are among them */
  readonly coalitions: Coalitions;
}

/** How many changes the value is a sum of: for each player the product over its groups of 2^(siblings). */
export function termCount(hierarchy: Hierarchy): number {
  if (!isGroup(hierarchy)) return 1;
  const contexts = 2 ** (hierarchy.length - 1);
  return contexts * hierarchy.reduce((sum: number, child) => sum + termCount(child), 0);
}

/**
 * Owen's value (1977) for groups in groups (Winter 1989): the Shapley value when members of a group always join together,
 * one right after the other. A change of a player counts by the product, over its groups, of the Shapley weight of the siblings before it.
 */
export function termsOf(hierarchy: Hierarchy, players: number): Terms {
  const found = new Map<string, number>();
  const terms: Term[] = [];
  const indexOf = (members: Uint8Array): number => {
    const key = String.fromCharCode(...members);
    const known = found.get(key);
    if (known !== undefined) return known;
    found.set(key, found.size);
    return found.size - 1;
  };
  const visit = (node: Hierarchy, members: Uint8Array, weight: number): void => {
    if (!isGroup(node)) {
      const without = indexOf(members);
      const joined = members.slice();
      joined[node] = 1;
      terms.push({ player: node, without, joined: indexOf(joined), weight });
      return;
    }
    const weights = shapleyWeights(node.length);
    node.forEach((child, own) => {
      for (let mask = 0; mask < 2 ** node.length; mask++) {
        if ((mask >> own) & 1) continue;
        const before = node.filter((_, i) => (mask >> i) & 1);
        const context = members.slice();
        for (const sibling of before) join(sibling, context);
        visit(
          child,
          context,
          weight * (weights[node.length * node.length + before.length] as number),
        );
      }
    });
  };
  visit(hierarchy, new Uint8Array(players), 1);
  const members = new Uint8Array(found.size * players);
  for (const [key, index] of found)
    for (let player = 0; player < players; player++)
      members[index * players + player] = key.charCodeAt(player);
  return { terms, coalitions: { count: found.size, players, members } };
}

function join(node: Hierarchy, members: Uint8Array): void {
  if (isGroup(node)) for (const child of node) join(child, members);
  else members[node] = 1;
}
