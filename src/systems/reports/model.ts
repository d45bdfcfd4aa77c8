/** The words of this room: cells, items, columns and reports. No I/O. Amounts are bigint minor units, debits positive. */
import { defineErrors } from '#kernel/errors';
import type { Book } from '#kernel/events';

export const reportError = defineErrors({
  layout_invalid: { status: 422, title: 'The layout is not sound' },
  layout_not_found: { status: 404, title: 'Layout not found' },
  consolidation_invalid: { status: 422, title: 'The consolidation is not sound' },
  consolidation_not_found: { status: 404, title: 'Consolidation not found' },
  report_definition_exists: { status: 409, title: 'This code and version hold other content' },
  report_entity_unknown: { status: 404, title: 'No book belongs to this legal entity' },
  report_invalid: { status: 422, title: 'The report that was asked for makes no sense' },
  report_line_not_found: { status: 404, title: 'The report has no such number' },
  report_rate_missing: { status: 422, title: 'A rate is missing' },
});

/**
 * Codes that no account has. They stand for what a report works out itself, so that a layout can place it like anything
 * else: the balance to the rest of the bank when only some accounts are looked at, the result of translating, and what
 * two sides of an elimination differ by.
 */
export const INTERNAL = '~internal';
export const TRANSLATION = '~translation';
export const ELIMINATION = '~elimination';
export const derivedCodes: readonly string[] = [INTERNAL, TRANSLATION, ELIMINATION];

export type Side = 'debit' | 'credit';

/** What reports need to know of a book. */
export type BookOfUnit = Pick<Book, 'bookId' | 'code'>;

/** Who a number belongs to: a legal entity with its books, or one book. */
export interface Unit {
  readonly key: string;
  readonly name: string;
  readonly books: readonly BookOfUnit[];
}

/** Which accounts a number is made of: those of a unit with these codes, or of these the ones listed. */
export interface Source {
  readonly unit: Unit;
  /** Codes with the factor that debits less credits count with. */
  readonly codes: ReadonlyMap<string, bigint>;
  /** Only these accounts; null: all of the codes. */
  readonly accounts: readonly string[] | null;
}

/** What a code holds in one unit and currency: debits less credits, and where it comes from. */
export interface Cell {
  readonly unit: string;
  readonly currency: string;
  readonly code: string;
  readonly net: bigint;
  /** The side the code is shown on where it may stand on either. */
  readonly side: Side;
  readonly sources: readonly Source[];
  /** What it was before it was translated. */
  readonly original?: { readonly currency: string; readonly net: bigint; readonly rate: string };
}

export const measures = ['net', 'debits', 'credits'] as const;
/** What is counted of an account: debits less credits, or one of both. */
export type Measure = (typeof measures)[number];

/** Which postings count. */
export interface Point {
  /** First effective date; null: from the beginning. */
  readonly from: string | null;
  /** Last effective date. */
  readonly to: string;
  /** As known at this instant (RFC 3339); null: as known now. */
  readonly recordedAt: string | null;
  /** Without the rows that carry a year's result into equity. */
  readonly withoutYearEnd: boolean;
  /** Only adjustments after close. */
  readonly onlyAdjustments: boolean;
}

/** A signed part of a number: sources at a point. A number is the sum of its parts. */
export interface Part {
  readonly point: Point;
  readonly measure: Measure;
  /** Of accounts in this currency. */
  readonly currency: string;
  readonly factor: bigint;
  readonly sources: readonly Source[];
}

/** A column of a report. */
export interface Column {
  readonly key: string;
  readonly nameZh: string;
  readonly nameEn: string;
  /** The postings it counts; null where it is worked out from other columns. */
  readonly point: Point | null;
}

/** A row of a report: a line of a layout, a code or an account. */
export interface Row {
  readonly key: string;
  readonly nameZh: string;
  readonly nameEn: string;
  readonly level: number;
  readonly bold: boolean;
  /** One per column, in minor units; null where there is nothing to show. */
  readonly amounts: readonly (bigint | null)[];
}

/** What must hold of a column: left equals right. */
export interface Check {
  readonly column: string;
  readonly nameEn: string;
  readonly left: bigint;
  readonly right: bigint;
}

export interface Section {
  readonly currency: string;
  readonly rows: readonly Row[];
  readonly checks: readonly Check[];
}

export const reportKinds = ['balance-sheet', 'income-statement', 'movements', 'trial-balance'] as const;
export type ReportKind = (typeof reportKinds)[number];

/** Where a number of a report stands. */
export interface Place {
  readonly currency: string;
  readonly row: string;
  readonly column: string;
}

/** A translated amount that a number is made of. */
export interface Translated {
  readonly unit: string;
  readonly code: string;
  readonly from: string;
  readonly net: bigint;
  readonly rate: string;
  /** What it adds to the number, in the currency of the report. */
  readonly amount: bigint;
}

/** A report as it stands before it is written out: its numbers, and what each is made of. */
export interface Grid {
  readonly kind: ReportKind;
  readonly nameZh: string;
  readonly nameEn: string;
  /** Whose numbers they are. */
  readonly units: readonly Unit[];
  readonly columns: readonly Column[];
  readonly sections: readonly Section[];
  /** The parts a number is the sum of; of a translated number those before translation. */
  partsOf(place: Place): readonly Part[];
  /** The translated amounts a number is the sum of; empty when nothing was translated. */
  translatedOf(place: Place): readonly Translated[];
}

/** The side a net stands on; zero counts as debit. */
export function sideOf(net: bigint): Side {
  return net < 0n ? 'credit' : 'debit';
}
