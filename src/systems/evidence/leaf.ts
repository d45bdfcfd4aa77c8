/** The leaf of a posting, version 1, as an outsider reads and rebuilds it. Pure; the house itself makes leaves in SQL. */
import { addDays, parseDate } from '#kernel/dates';
import {
  EPOCH_MS,
  fieldReader,
  fieldWriter,
  instant,
  integer,
  malformedNow,
  map,
  microseconds,
  uuid,
} from './bytes.ts';

export const LEAF_VERSION = 1;

/** The kinds of journal rows by their number in a leaf. */
export const leafKinds = ['transfer', 'pending', 'post', 'void', 'reverse', 'expire'] as const;

/** What a leaf says. Names are those of the API; ids are UUIDs, hashes hexadecimal, whole numbers decimal text. */
export interface PostingLeaf {
  readonly book: string;
  readonly sequence: string;
  readonly id: string;
  readonly kind: (typeof leafKinds)[number];
  readonly debit_account_id: string;
  readonly credit_account_id: string;
  /** In minor units of the currency. */
  readonly amount_minor: string;
  readonly currency: string;
  readonly effective_date: string;
  readonly recorded_at: string;
  /** What a post, void, reversal or expiry is about. */
  readonly related_id: string | null;
  readonly expires_at: string | null;
  readonly linked: boolean;
  readonly adjustment: boolean;
  readonly type: string | null;
  /** SHA-256 of the 16 bytes of salt and the UTF-8 text. */
  readonly description_hash: string | null;
  readonly reference_hash: string | null;
  readonly released_minor: string;
  /** The running totals of the effective date, minor units: of the debit account, then of the credit account. */
  readonly day_totals_minor: readonly string[];
}

/** Reads a leaf. Error: `evidence_leaf_malformed`, for any byte that does not belong to a leaf of version 1. */
export function decodeLeaf(bytes: Uint8Array): PostingLeaf {
  const { field, optional, end } = fieldReader(bytes, LEAF_VERSION);
  const leaf: PostingLeaf = {
    book: field().toString('utf8'),
    sequence: field(8).readBigInt64BE().toString(),
    id: uuid(field(16)),
    kind: leafKinds[field(2).readInt16BE()] ?? malformedNow('has an unknown kind'),
    debit_account_id: uuid(field(16)),
    credit_account_id: uuid(field(16)),
    amount_minor: field(8).readBigInt64BE().toString(),
    currency: field().toString('utf8'),
    effective_date: date(field(4)),
    recorded_at: instant(field(8)),
    related_id: map(optional(16), uuid),
    expires_at: map(optional(8), instant),
    linked: field(1)[0] === 1,
    adjustment: field(1)[0] === 1,
    type: map(optional(), (value) => value.toString('utf8')),
    description_hash: map(optional(32), (value) => value.toString('hex')),
    reference_hash: map(optional(32), (value) => value.toString('hex')),
    released_minor: field(8).readBigInt64BE().toString(),
    day_totals_minor: totals(field(64)),
  };
  end();
  return leaf;
}

/** Makes the bytes of a leaf: what an outsider does to rebuild it from what he was told of a posting. */
export function encodeLeaf(leaf: PostingLeaf): Uint8Array {
  const { put, text, hex, bytes } = fieldWriter(LEAF_VERSION);
  text(leaf.book);
  put(integer(BigInt(leaf.sequence)));
  hex(leaf.id);
  put(Buffer.of(0, leafKinds.indexOf(leaf.kind)));
  hex(leaf.debit_account_id);
  hex(leaf.credit_account_id);
  put(integer(BigInt(leaf.amount_minor)));
  text(leaf.currency);
  const days = Buffer.alloc(4);
  days.writeInt32BE(Math.round((Date.parse(`${leaf.effective_date}T00:00:00Z`) - EPOCH_MS) / DAY_MS));
  put(days);
  put(microseconds(leaf.recorded_at));
  hex(leaf.related_id);
  put(map(leaf.expires_at, microseconds));
  put(Buffer.of(leaf.linked ? 1 : 0));
  put(Buffer.of(leaf.adjustment ? 1 : 0));
  text(leaf.type);
  hex(leaf.description_hash);
  hex(leaf.reference_hash);
  put(integer(BigInt(leaf.released_minor)));
  put(Buffer.concat(leaf.day_totals_minor.map((value) => integer(BigInt(value)))));
  return bytes();
}

const DAY_MS = 86_400_000;

/** Dates count from 2000-01-01, as PostgreSQL's do. */
function date(bytes: Buffer): string {
  return addDays(parseDate('2000-01-01'), bytes.readInt32BE());
}

function totals(bytes: Buffer): string[] {
  return Array.from({ length: 8 }, (_, index) => bytes.readBigInt64BE(index * 8).toString());
}
