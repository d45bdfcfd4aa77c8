/** How good alerts are, where the truth is known. Pure: alerts and truth in, measures out. */

export interface TruthTransaction {
  readonly transferId: string;
  readonly patternId: string;
  readonly debitAccountId: string;
  readonly creditAccountId: string;
  readonly amountMinor: bigint;
  /** Milliseconds since 1970. */
  readonly occurredAt: number;
}

export interface TruthPattern {
  readonly patternId: string;
  readonly typology: string;
  readonly isGuilty: boolean;
}

export interface TruthAccount {
  readonly patternId: string;
  readonly accountId: string;
  readonly role: string;
}

export interface Truth {
  readonly transactions: readonly TruthTransaction[];
  readonly patterns: readonly TruthPattern[];
  readonly accounts: readonly TruthAccount[];
}

/** One alert, on a transfer or on an account; the higher the score, the surer. */
export interface Alert {
  readonly transferId?: string | undefined;
  readonly accountId?: string | undefined;
  readonly score: number;
  /** Milliseconds since 1970. */
  readonly raisedAt?: number | undefined;
}

export interface TypologyRecall {
  readonly typology: string;
  readonly patterns: number;
  readonly patterns_found: number;
  readonly transactions: number;
  readonly transactions_found: number;
  readonly amount_minor: bigint;
  readonly amount_found_minor: bigint;
  /** Median hours from the first transaction of a found pattern to its first alert; null where no alert says when. */
  readonly hours_to_detection: number | null;
}

export interface Evaluation {
  readonly alerts: number;
  readonly hits: number;
  /** Share of hits among the first k alerts by score; ties keep the order of the file. */
  readonly precision_at: readonly { readonly k: number; readonly precision: number }[];
  readonly total: Omit<TypologyRecall, 'typology'>;
  readonly typologies: readonly TypologyRecall[];
  readonly innocents: {
    /** Alerts on look-alikes, or on bystanders of a pattern. */
    readonly alerts_on_look_alikes: number;
    readonly look_alikes: number;
    readonly look_alikes_hit: number;
    /** Alerts on what belongs to no pattern at all. */
    readonly alerts_on_others: number;
  };
}

const LEVELS = [10, 50, 100, 500, 1_000, 5_000, 10_000, 100_000];
const HOUR = 3_600_000;

/** What one alert points at. A bystander paid into a pattern without knowing; an alert on the account of one is no hit. */
interface Aim {
  readonly guilty: ReadonlySet<string>;
  readonly innocent: ReadonlySet<string>;
}

/** Judges alerts. An alert that names both is judged by its transfer. */
export function evaluate(truth: Truth, alerts: readonly Alert[]): Evaluation {
  const patterns = new Map(truth.patterns.map((pattern) => [pattern.patternId, pattern]));
  const aimOf = aims(truth, patterns);
  const ranked = alerts.toSorted((left, right) => right.score - left.score);
  const judged = ranked.map((alert) => ({ alert, aim: aimOf(alert) }));
  const found = new Set<string>();
  const lookAlikesHit = new Set<string>();
  const firstAlert = new Map<string, number>();
  const alertedTransfers = new Set<string>();
  const alertedMembers = new Set<string>();
  for (const { alert, aim } of judged) {
    for (const id of aim.innocent) if (patterns.get(id)?.isGuilty === false) lookAlikesHit.add(id);
    for (const id of aim.guilty) {
      found.add(id);
      if (alert.transferId === undefined) alertedMembers.add(`${id} ${alert.accountId ?? ''}`);
      else alertedTransfers.add(alert.transferId);
      if (alert.raisedAt === undefined) continue;
      firstAlert.set(id, Math.min(firstAlert.get(id) ?? Number.POSITIVE_INFINITY, alert.raisedAt));
    }
  }
  const isFound = ({ transferId, patternId, debitAccountId, creditAccountId }: TruthTransaction) =>
    alertedTransfers.has(transferId) ||
    alertedMembers.has(`${patternId} ${debitAccountId}`) ||
    alertedMembers.has(`${patternId} ${creditAccountId}`);
  const recall = recallOf(truth, patterns, found, firstAlert, isFound);
  const hits = judged.filter(({ aim }) => aim.guilty.size > 0).length;
  const onLookAlikes = judged.filter(({ aim }) => aim.guilty.size === 0 && aim.innocent.size > 0).length;
  return {
    alerts: alerts.length,
    hits,
    precision_at: precisions(judged.map(({ aim }) => aim.guilty.size > 0)),
    ...recall,
    innocents: {
      alerts_on_look_alikes: onLookAlikes,
      look_alikes: truth.patterns.filter(({ isGuilty }) => !isGuilty).length,
      look_alikes_hit: lookAlikesHit.size,
      alerts_on_others: alerts.length - hits - onLookAlikes,
    },
  };
}

function aims(truth: Truth, patterns: ReadonlyMap<string, TruthPattern>): (alert: Alert) => Aim {
  const nothing: Aim = { guilty: new Set(), innocent: new Set() };
  const byTransfer = new Map<string, { guilty: Set<string>; innocent: Set<string> }>();
  const byAccount = new Map<string, { guilty: Set<string>; innocent: Set<string> }>();
  const add = (map: typeof byTransfer, key: string, patternId: string, isGuilty: boolean) => {
    const aim = map.get(key) ?? { guilty: new Set<string>(), innocent: new Set<string>() };
    aim[isGuilty ? 'guilty' : 'innocent'].add(patternId);
    map.set(key, aim);
  };
  for (const { transferId, patternId } of truth.transactions) {
    add(byTransfer, transferId, patternId, patterns.get(patternId)?.isGuilty === true);
  }
  for (const { accountId, patternId, role } of truth.accounts) {
    add(byAccount, accountId, patternId, patterns.get(patternId)?.isGuilty === true && role !== 'bystander');
  }
  return ({ transferId, accountId }) =>
    (transferId === undefined ? byAccount.get(accountId ?? '') : byTransfer.get(transferId)) ?? nothing;
}

function precisions(isHit: readonly boolean[]): { k: number; precision: number }[] {
  const levels = [...LEVELS.filter((k) => k < isHit.length), isHit.length].filter((k) => k > 0);
  return levels.map((k) => ({ k, precision: isHit.slice(0, k).filter(Boolean).length / k }));
}

function recallOf(
  truth: Truth,
  patterns: ReadonlyMap<string, TruthPattern>,
  found: ReadonlySet<string>,
  firstAlert: ReadonlyMap<string, number>,
  isFound: (transaction: TruthTransaction) => boolean,
): { total: Omit<TypologyRecall, 'typology'>; typologies: TypologyRecall[] } {
  const begins = new Map<string, number>();
  for (const { patternId, occurredAt } of truth.transactions) {
    begins.set(patternId, Math.min(begins.get(patternId) ?? Number.POSITIVE_INFINITY, occurredAt));
  }
  const guilty = truth.patterns.filter(({ isGuilty }) => isGuilty);
  const summary = (members: readonly TruthPattern[]): Omit<TypologyRecall, 'typology'> => {
    const ids = new Set(members.map(({ patternId }) => patternId));
    const transactions = truth.transactions.filter(({ patternId }) => ids.has(patternId));
    const caught = transactions.filter(isFound);
    const sum = (list: readonly TruthTransaction[]) => list.reduce((total, one) => total + one.amountMinor, 0n);
    const waits = members.flatMap(({ patternId }) => {
      const [begin, alerted] = [begins.get(patternId), firstAlert.get(patternId)];
      return begin === undefined || alerted === undefined ? [] : [Math.max(0, alerted - begin) / HOUR];
    });
    return {
      patterns: members.length,
      patterns_found: members.filter(({ patternId }) => found.has(patternId)).length,
      transactions: transactions.length,
      transactions_found: caught.length,
      amount_minor: sum(transactions),
      amount_found_minor: sum(caught),
      hours_to_detection: median(waits),
    };
  };
  const names = [...new Set(guilty.map(({ typology }) => typology))].sort();
  return {
    total: summary(guilty.filter(({ patternId }) => patterns.has(patternId))),
    typologies: names.map((typology) => ({ typology, ...summary(guilty.filter((one) => one.typology === typology)) })),
  };
}

function median(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  const sorted = values.toSorted((left, right) => left - right);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2;
}
