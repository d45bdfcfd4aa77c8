/** Finds rows of one file that may be the same party, in memory. Pure. */
import { LARGEST_BLOCK } from '../uniqueness/index-store.ts';
import { keysOf } from '../uniqueness/keys.ts';
import { type PartyFacts, type Profile, profileOf } from '../uniqueness/profile.ts';
import { compare, type Score } from '../uniqueness/score.ts';

/** The row before that is most like one. */
export interface RowMatch extends Score {
  readonly line: number;
}

/** Up to this many rows of a file are remembered; later rows are still compared with these. */
export const ROWS_REMEMBERED = 200_000;

export interface RowIndex {
  /** The most alike of the rows before, if any may be the same; then remembers the row. */
  add(line: number, facts: PartyFacts): RowMatch | null;
}

export function rowIndex(): RowIndex {
  const rows: { readonly line: number; readonly profile: Profile }[] = [];
  const blocks = new Map<bigint, number[]>();

  function best(profile: Profile, hashes: readonly bigint[]): RowMatch | null {
    let found: RowMatch | null = null;
    for (const place of new Set(hashes.flatMap((hash) => blocks.get(hash) ?? []))) {
      const row = rows[place];
      if (row === undefined) continue;
      const score = compare(profile, row.profile);
      if (score.verdict === 'different') continue;
      if (found === null || rank(score) > rank(found)) found = { ...score, line: row.line };
    }
    return found;
  }

  return {
    add(line, facts) {
      const profile = profileOf(facts);
      const hashes = keysOf(profile).map(({ hash }) => hash);
      const found = best(profile, hashes);
      if (rows.length < ROWS_REMEMBERED) {
        rows.push({ line, profile });
        for (const hash of hashes) {
          const block = blocks.get(hash);
          if (block === undefined) blocks.set(hash, [rows.length - 1]);
          else if (block.length < LARGEST_BLOCK) block.push(rows.length - 1);
        }
      }
      return found;
    },
  };
}

function rank({ verdict, score }: Score): number {
  return verdict === 'same' ? Number.POSITIVE_INFINITY : score;
}
