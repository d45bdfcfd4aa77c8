/** What an import of parties is told and tells. */
import { deterministicId } from '#kernel/ids';
import type { PartyInput } from '../model.ts';
import type { Reason, Verdict } from '../uniqueness/score.ts';
import type { RowError } from './columns.ts';
import type { Format } from './read.ts';

/** What to do with a row like a party that is there. `create` also opens a case for a person to decide. */
export const choices = ['skip', 'merge', 'create'] as const;
export type Choice = (typeof choices)[number];
export type Likeness = Exclude<Verdict, 'different'>;
export type Choices = Readonly<Record<Likeness, Choice>>;

export const DEFAULT_CHOICES: Choices = { same: 'merge', proposed: 'create', unsure: 'create' };

export interface PartyImportOptions {
  /** Where the rows come from, such as `old_core`: with the external key it says which party a row is. */
  readonly source: string;
  readonly format?: Format | undefined;
  /** Code of the unit that parties belong to; default: the institution. */
  readonly unit?: string | undefined;
  readonly choices?: Partial<Choices> | undefined;
  readonly onError?: ((error: RowError) => void) | undefined;
  readonly onDuplicate?: ((duplicate: Duplicate) => void) | undefined;
  readonly onProgress?: ((bytes: number, total: number) => void) | undefined;
}

/** A row that is like a party or like a row before it, whichever is more alike. */
export interface Duplicate {
  readonly line: number;
  readonly external_key: string;
  readonly verdict: Likeness;
  readonly score: number;
  readonly reasons: readonly Reason[];
  /** The party it is like; null when it is like a row of the file. */
  readonly party_id: string | null;
  /** The line of the row it is like. */
  readonly like_line: number | null;
}

export interface PartyImportCounts {
  readonly rows: number;
  /** Rows with errors; nothing of them is kept. */
  readonly refused: number;
  /** Rows that were imported before, with this content. */
  readonly unchanged: number;
  /** Rows like nobody. */
  readonly new: number;
  readonly same: number;
  readonly proposed: number;
  readonly unsure: number;
}

export interface PartyImportResult extends PartyImportCounts {
  readonly created: number;
  readonly merged: number;
  readonly skipped: number;
  readonly cases: number;
}

/** A row without errors that was not imported before. */
export interface Sound {
  readonly line: number;
  readonly externalKey: string;
  readonly party: PartyInput;
  readonly sha256: string;
}

/** With whom it is most like, if anybody. */
export interface Classified extends Sound {
  readonly duplicate: Duplicate | null;
}

/** The id of the party that a source knows by a key. */
export function importedPartyId(source: string, externalKey: string): string {
  return deterministicId('parties.import', source, externalKey);
}
