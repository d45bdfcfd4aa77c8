/** Effective shares, beneficial owners and groups: tables, and properties against a brute-force series. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { effectiveShares } from './effective.ts';
import { relatedGroup } from './group.ts';
import { type Network, sharesOf } from './network.ts';
import { type BeneficialOwners, beneficialOwners } from './owners.ts';
import { compare, fromPercentage, one, percentageOf, rational } from './rational.ts';

/** 'P 60 A, A 50 T, Q ! T': P holds 60 % of A, …, Q controls T. Names from P to S are persons. */
function network(text: string): Network {
  const edges = text.split(/,\s*/).map((edge) => edge.split(' '));
  const ids = [...new Set(edges.flatMap(([from = '', , to = '']) => [from, to]))];
  return {
    parties: ids.map((id) => ({ id, kind: /^[P-S]/.test(id) ? 'person' : 'organisation' })),
    holdings: edges.flatMap(([from = '', percentage = '', to = '']) =>
      percentage === '!' ? [] : [{ from, to, percentage }],
    ),
    controls: edges.flatMap(([from = '', mark, to = '']) => (mark === '!' ? [{ from, to }] : [])),
  };
}

const shown = ({ owners, unattributedPercentage }: BeneficialOwners) =>
  [
    ...owners.map(({ partyId, effectivePercentage, basis }) => `${partyId} ${effectivePercentage} ${basis.join('+')}`),
    `rest ${unattributedPercentage}`,
  ].join(', ');

/** network, owners with effective percentage and basis, and what belongs to nobody known. */
const ownerCases: readonly (readonly [network: string, expected: string, more?: { threshold?: string }])[] = [
  ['P 100 T', 'P 100 ownership+control, rest 0'],
  ['P 25 T, Q 24.9999999999 T', 'P 25 ownership, rest 50.0000000001'],
  ['P 24.9999999999 T', 'rest 75.0000000001'],
  ['P 24 T', 'P 24 ownership, rest 76', { threshold: '20' }],
  // Through a chain: 60 % of 50 %. P controls the chain, as each step is a half at least.
  ['P 60 A, A 50 T, Q 50 T', 'Q 50 ownership+control, P 30 ownership+control, rest 20'],
  // 50 % of 50 % of 50 % is below the threshold, yet the chain is one of control.
  ['P 50 A, A 50 B, B 50 T', 'P 12.5 control, rest 87.5'],
  // Two ways add up.
  ['P 40 A, P 40 B, A 40 T, B 40 T', 'P 32 ownership, rest 68'],
  // A and B hold a third of each other, and P two thirds of each: all of it is P's, around the circle.
  ['P 70 A, B 30 A, P 70 B, A 30 B, A 100 T', 'P 100 ownership+control, rest 0'],
  // The company holds itself through its daughter: treasury shares go to those who are left.
  ['P 50 T, Q 30 T, D 20 T, T 100 D', 'P 62.5 ownership+control, Q 37.5 ownership, rest 0'],
  // A ring that belongs to nobody.
  ['A 100 B, B 100 A, A 100 T', 'rest 100'],
  ['A 100 B, B 100 A, A 60 T, P 40 T', 'P 40 ownership, rest 60'],
  // Control by other means, also above a company in the chain.
  ['P 10 T, Q ! T', 'Q 0 control, rest 90'],
  ['Q ! A, A 60 T', 'Q 0 control, rest 40'],
  ['P 10 T, P ! T, Q 90 T', 'Q 90 ownership+control, P 10 control, rest 0'],
  // An organisation at the end of the chain owns, and is no beneficial owner.
  ['A 100 T', 'rest 0'],
  // Thirds are exact: 3 × 33.3333333333 is not 100.
  [
    'P 33.3333333333 T, Q 33.3333333333 T, R 33.3333333333 T',
    'P 33.3333333333 ownership, Q 33.3333333333 ownership, R 33.3333333333 ownership, rest 0.0000000001',
  ],
];

test('beneficial owners', () => {
  for (const [text, expected, more = {}] of ownerCases) {
    assert.equal(shown(beneficialOwners(network(text), { target: 'T', ...more })), expected, text);
  }
});

test('when nobody owns or controls it, those who manage it stand for the company', () => {
  const request = { target: 'T', management: ['S', 'A'] };
  const some = network('P 10 T, A 89 T, S 1 T');
  assert.equal(shown(beneficialOwners(some, request)), 'S 1 senior_management, rest 0');
});

test('every path is shown, and what the circle adds', () => {
  const { owners } = beneficialOwners(network('P 60 A, P 20 B, A 50 T, B 40 T, T 10 A'), { target: 'T' });
  assert.equal(owners.length, 1);
  const [owner] = owners;
  assert.deepEqual(
    owner?.paths.map(
      ({ parties, percentages, percentage }) => `${parties.join('>')} ${percentages.join('*')}=${percentage}`,
    ),
    ['P>A>T 60*50=30', 'P>B>T 20*40=8'],
  );
  // 38 / (1 - 0.5 · 0.1) = 40.
  assert.deepEqual([owner?.effectivePercentage, owner?.circularPercentage, owner?.pathsComplete], ['40', '2', true]);
});

test('a net with more paths than can be shown says so, and the share is right all the same', () => {
  const layers = 9;
  const edges = ['P 50 L0a', 'P 50 L0b'];
  for (let layer = 0; layer < layers; layer++) {
    for (const from of 'ab') for (const to of 'ab') edges.push(`L${layer}${from} 50 L${layer + 1}${to}`);
  }
  edges.push(`L${layers}a 50 T`, `L${layers}b 50 T`);
  const { owners } = beneficialOwners(network(edges.join(', ')), { target: 'T' });
  assert.deepEqual(
    [owners[0]?.effectivePercentage, owners[0]?.pathsComplete, owners[0]?.paths.length],
    ['50', false, 200],
  );
});

/** network, start, members. */
const groupCases: readonly (readonly [string, string, string])[] = [
  ['A 50 B', 'A', 'A B'],
  ['A 49.9999999999 B', 'A', 'A'],
  ['A 60 B, B 60 C, C 10 D', 'C', 'A B C'],
  // Together with what it controls, A holds 60 % of C.
  ['A 60 B, B 30 C, A 30 C', 'C', 'A B C'],
  // Two companies of one person, who is part of the group.
  ['P 60 A, P 51 B', 'A', 'A B P'],
  ['P ! A, P ! B, Q 10 B', 'B', 'A B P'],
  ['A ! B, B 50 C, D 50 C', 'A', 'A B C D'],
  // A circle.
  ['A 50 B, B 50 C, C 50 A', 'B', 'A B C'],
  ['P 30 A, Q 30 A', 'A', 'A'],
];

test('groups of related companies', () => {
  for (const [text, start, expected] of groupCases) {
    assert.equal(relatedGroup(network(text), start).members.join(' '), expected, text);
  }
});

/** Nets of up to five companies and three persons, in which no company is held for more than 100 %. */
const nets = fc
  .array(fc.array(fc.nat(20), { minLength: 8, maxLength: 8 }), { minLength: 5, maxLength: 5 })
  .map((weights) =>
    weights.flatMap((row, company) => {
      const total = Math.max(
        20,
        row.reduce((sum, weight) => sum + weight, 0),
      );
      return row.flatMap((weight, holder) =>
        weight < 8 || holder === company
          ? []
          : [
              {
                from: holder < 5 ? `C${holder}` : `P${holder}`,
                to: `C${company}`,
                percentage: percentageOf(rational(BigInt(Math.floor((weight * 1_000) / total)), 1_000n)),
              },
            ],
      );
    }),
  );

test('the effective share is the limit of the series over all ways, circles included', () => {
  fc.assert(
    fc.property(nets, (holdings) => {
      const shares = sharesOf(holdings.filter(({ percentage }) => percentage !== '0'));
      const exact = effectiveShares(shares, 'C0');
      // What stands at each holder after n steps up from the target; what reaches an end stays there.
      let at = new Map([['C0', 1]]);
      const ended = new Map<string, number>();
      for (let step = 0; step < 4_000 && at.size > 0; step++) {
        const next = new Map<string, number>();
        for (const [id, mass] of at) {
          const holders = shares.get(id);
          // A company that nobody holds is no holder of itself.
          if (holders === undefined && id !== 'C0') ended.set(id, (ended.get(id) ?? 0) + mass);
          for (const [holder, { numerator, denominator }] of holders ?? []) {
            next.set(holder, (next.get(holder) ?? 0) + (mass * Number(numerator)) / Number(denominator));
          }
        }
        at = new Map([...next].filter(([, mass]) => mass > 1e-15));
      }
      for (const id of new Set([...exact.keys(), ...ended.keys()])) {
        const { numerator, denominator } = exact.get(id) ?? { numerator: 0n, denominator: 1n };
        const share = Number((numerator * 10n ** 15n) / denominator) / 1e15;
        assert.ok(Math.abs(share - (ended.get(id) ?? 0)) < 1e-9, `${id}: ${share} and ${ended.get(id)}`);
      }
    }),
  );
});

test('effective shares never add up to more than the whole', () => {
  fc.assert(
    fc.property(nets, (holdings) => {
      const shares = sharesOf(holdings.filter(({ percentage }) => percentage !== '0'));
      const total = [...effectiveShares(shares, 'C0').values()].reduce(
        (sum, share) => ({
          numerator: sum.numerator * share.denominator + share.numerator * sum.denominator,
          denominator: sum.denominator * share.denominator,
        }),
        { numerator: 0n, denominator: 1n },
      );
      assert.ok(compare(total, one) <= 0);
    }),
  );
});

test('groups: asking from any member gives the same group', () => {
  fc.assert(
    fc.property(nets, (holdings) => {
      const ids = [...new Set(holdings.flatMap(({ from, to }) => [from, to])), 'C0'];
      const net: Network = { parties: ids.map((id) => ({ id, kind: 'organisation' })), holdings, controls: [] };
      const group = relatedGroup(net, 'C0');
      for (const member of group.members) assert.deepEqual(relatedGroup(net, member).members, group.members);
    }),
    { numRuns: 50 },
  );
});

test('percentages as text', () => {
  for (const [text, expected] of [
    ['100', '100'],
    ['0.5', '0.5'],
    ['12.5000000000', '12.5'],
    ['0.0000000001', '0.0000000001'],
  ] as const) {
    assert.equal(percentageOf(fromPercentage(text)), expected);
  }
  assert.equal(percentageOf(rational(1n, 3n)), '33.3333333333');
  assert.equal(percentageOf(rational(2n, 3n)), '66.6666666667');
});
