import type { Clock } from '#kernel/clock';
import { isStorable, type Queryable, type Transaction } from '#kernel/database';
import { retentionError } from './errors.ts';

export const retentionActions = ['archive', 'delete'] as const;
export type RetentionAction = (typeof retentionActions)[number];

/** What may be said of a kind of data, and what holds until somebody says it. */
interface KindRules {
  readonly about: string;
  readonly action: RetentionAction;
  readonly keepDays: number | null;
  /** Fewer days are refused. */
  readonly minimumDays: number;
  readonly legalBasis: string;
}

const DAYS_OF_TEN_YEARS = 3_653;

/** The kinds of data that age. What is not listed is kept for ever. */
export const retentionKinds = {
  ledger_postings: {
    about: 'journal rows of sealed days, moved to archive files that stay verifiable',
    action: 'archive',
    keepDays: DAYS_OF_TEN_YEARS,
    minimumDays: 1,
    legalBasis:
      'Anti-Money Laundering Law of the PRC (2024): transaction records at least ten years; archives go on being kept',
  },
  process_history: {
    about: 'steps of process instances that have ended',
    action: 'delete',
    keepDays: null,
    minimumDays: DAYS_OF_TEN_YEARS,
    legalBasis: 'Kept for ever unless said otherwise; records of transactions at least ten years',
  },
  webhook_deliveries: {
    about: 'deliveries of events that have ended, delivered or given up',
    action: 'delete',
    keepDays: 30,
    minimumDays: 1,
    legalBasis: 'Technical records; the events themselves are kept',
  },
  notifications: {
    about: 'what people were told, with the proof of its delivery',
    action: 'delete',
    keepDays: 400,
    minimumDays: 90,
    legalBasis: 'Technical records; what was done and decided stands in the audit trail',
  },
  idempotency_keys: {
    about: 'Idempotency-Keys of HTTP requests with their answers',
    action: 'delete',
    keepDays: 7,
    minimumDays: 1,
    legalBasis: 'Technical records; answers to transfer ids are kept for ever',
  },
} as const satisfies Readonly<Record<string, KindRules>>;

export type RetentionKind = keyof typeof retentionKinds;

/** How long a kind of data is kept, and what then becomes of it. */
export interface RetentionPolicy {
  readonly kind: RetentionKind;
  readonly about: string;
  /** Null: for ever. */
  readonly keepDays: number | null;
  readonly action: RetentionAction;
  readonly legalBasis: string;
  /** Who said so and when; null while the shipped policy holds. */
  readonly actor: string | null;
  readonly changedAt: string | null;
}

export interface RetentionChange {
  readonly keepDays: number | null;
  readonly legalBasis: string;
  readonly actor: string;
}

function kindOf(text: string): RetentionKind {
  if (Object.hasOwn(retentionKinds, text)) return text as RetentionKind;
  throw retentionError('retention_kind_unknown', `'${text}' is none of ${Object.keys(retentionKinds).join(', ')}`);
}

/** The policies of all kinds, in the order of {@link retentionKinds}. */
export async function listRetentionPolicies(db: Queryable): Promise<RetentionPolicy[]> {
  const { rows } = await db.query<{
    kind: string;
    keepDays: number | null;
    action: RetentionAction;
    legalBasis: string;
    actor: string;
    changedAt: string;
  }>(
    `select distinct on (kind) kind, keep_days as "keepDays", action, legal_basis as "legalBasis", actor,
       changed_at as "changedAt"
     from kernel.retention_policy order by kind, number desc`,
  );
  const said = new Map(rows.map((row) => [row.kind, row]));
  return Object.entries(retentionKinds).map(([name, { about, keepDays, action, legalBasis }]) => {
    const { kind: _, ...row } = said.get(name) ?? {
      kind: name,
      keepDays,
      action,
      legalBasis,
      actor: null,
      changedAt: null,
    };
    return { kind: kindOf(name), about, ...row };
  });
}

/** The policy of one kind. Error: `retention_kind_unknown`. */
export async function readRetentionPolicy(db: Queryable, kind: string): Promise<RetentionPolicy> {
  const wanted = kindOf(kind);
  const found = (await listRetentionPolicies(db)).find((policy) => policy.kind === wanted);
  if (found === undefined) throw retentionError('retention_kind_unknown', `No policy for '${kind}'`);
  return found;
}

/**
 * Sets the policy of a kind; the same again changes nothing. What was said before is kept.
 * Errors: `retention_kind_unknown`, `retention_policy_invalid`.
 */
export async function setRetentionPolicy(
  tx: Transaction,
  kind: string,
  change: RetentionChange,
  clock: Clock,
): Promise<RetentionPolicy> {
  const wanted = kindOf(kind);
  const { minimumDays, action } = retentionKinds[wanted];
  const { keepDays, legalBasis, actor } = change;
  const invalid = (detail: string) => retentionError('retention_policy_invalid', detail, { kind: wanted });
  if (keepDays !== null && !(Number.isInteger(keepDays) && keepDays >= minimumDays && keepDays <= 1_000_000)) {
    throw invalid(`${wanted} are kept for ever or for a whole number of days, at least ${minimumDays}`);
  }
  for (const text of [legalBasis, actor]) {
    if (text.trim() === '' || text.length > 500 || !isStorable(text)) {
      throw invalid('The legal basis and the actor are texts of 1 to 500 characters');
    }
  }
  await tx.query(`select pg_advisory_xact_lock(hashtextextended('kernel.retention_policy', 0))`);
  const before = await readRetentionPolicy(tx, wanted);
  if (before.actor !== null && before.keepDays === keepDays && before.legalBasis === legalBasis) return before;
  await tx.query(
    `insert into kernel.retention_policy (kind, number, keep_days, action, legal_basis, actor, changed_at)
     select $1::text, coalesce(max(number), 0) + 1, $2::integer, $3::text, $4::text, $5::text, $6::timestamptz
     from kernel.retention_policy where kind = $1`,
    [wanted, keepDays, action, legalBasis, actor, clock.now().toString()],
  );
  return readRetentionPolicy(tx, wanted);
}
