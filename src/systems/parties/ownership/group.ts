/** Groups of related companies (关联企业集团): those that one hand can direct. */
import { type Network, sharesOf } from './network.ts';
import { add, compare, type Rational, zero } from './rational.ts';

/** Why two parties belong to one group. */
export interface Link {
  readonly from: string;
  readonly to: string;
  readonly basis: 'holding' | 'control';
}

export interface RelatedGroup {
  /** Parties of the group by id, the one asked for included; persons who control are part of it. */
  readonly members: readonly string[];
  readonly links: readonly Link[];
}

const half: Rational = { numerator: 1n, denominator: 2n };

/**
 * The group a party belongs to. Whoever controls a company and all it controls are in one group with it. A party
 * controls a company when it and the companies it controls already hold at least half of it together, or one of them
 * controls it by other means. So companies under a common controller are one group.
 */
export function relatedGroup(network: Network, start: string): RelatedGroup {
  const shares = sharesOf(network.holdings);
  const heldBy = new Map<string, string[]>();
  for (const [to, holders] of shares) {
    for (const from of holders.keys()) heldBy.set(from, [...(heldBy.get(from) ?? []), to]);
  }
  const controlledBy = new Map<string, string[]>();
  for (const { from, to } of network.controls) controlledBy.set(from, [...(controlledBy.get(from) ?? []), to]);

  const groups = new Sets();
  const links = new Map<string, Link>();
  for (const { id } of network.parties) {
    const hand = new Set([id]);
    const together = new Map<string, Rational>();
    for (const member of hand) {
      const take = (to: string, basis: Link['basis']) => {
        links.set(`${basis}/${id}/${to}`, { from: id, to, basis });
        groups.join(id, to);
        hand.add(to);
      };
      for (const to of controlledBy.get(member) ?? []) if (!hand.has(to)) take(to, 'control');
      for (const to of heldBy.get(member) ?? []) {
        const sum = add(together.get(to) ?? zero, shares.get(to)?.get(member) ?? zero);
        together.set(to, sum);
        if (!hand.has(to) && compare(sum, half) >= 0) take(to, 'holding');
      }
    }
  }
  const members = network.parties.map(({ id }) => id).filter((id) => groups.same(id, start));
  if (!members.includes(start)) members.push(start);
  const inside = [...links.values()].filter(({ from }) => groups.same(from, start));
  return { members: members.sort(), links: inside.sort((left, right) => (keyOf(left) < keyOf(right) ? -1 : 1)) };
}

const keyOf = ({ from, to, basis }: Link) => `${from}/${to}/${basis}`;

/** Disjoint sets, joined by their roots. */
class Sets {
  readonly #above = new Map<string, string>();

  #root(id: string): string {
    let root = id;
    for (let above = this.#above.get(root); above !== undefined; above = this.#above.get(root)) root = above;
    if (root !== id) this.#above.set(id, root);
    return root;
  }

  join(left: string, right: string): void {
    const [leftRoot, rightRoot] = [this.#root(left), this.#root(right)];
    if (leftRoot !== rightRoot) this.#above.set(leftRoot, rightRoot);
  }

  same(left: string, right: string): boolean {
    return this.#root(left) === this.#root(right);
  }
}
