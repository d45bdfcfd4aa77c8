/** What a manifest allows: what can be restored, from what, and what may be thrown away. No I/O. */
import { Temporal } from '#kernel/dates';
import { backupError } from './errors.ts';
import type { BaseEntry, ChainEntry, Entry, FilesEntry, PointEntry, WalEntry } from './manifest.ts';
import { type Position, parsePosition, segmentName, segmentStart } from './positions.ts';

/** A base backup and how far one gets from it. Times are of the server's clock, RFC 3339 in UTC with microseconds. */
export interface Recoverable {
  readonly base: BaseEntry;
  readonly chain: ChainEntry;
  /** The earliest time to restore to: when the base was complete. */
  readonly earliest: string;
  /** The latest: everything committed and answered up to then is archived. */
  readonly latest: string;
  /** The archived log from the base on, without overlaps but for the first bytes of a piece, in order. */
  readonly wal: readonly WalEntry[];
  /** Where the unbroken log ends. */
  readonly end: Position;
  /** The segment that is missing although there is log behind it, or null. */
  readonly missingSegment: string | null;
}

/** Every base backup with what can be reached from it, oldest first. `without`: paths of parts that are not there. */
export function recoverable(entries: readonly Entry[], without: ReadonlySet<string> = new Set()): Recoverable[] {
  const found: Recoverable[] = [];
  for (const base of entries) {
    if (base.kind !== 'base') continue;
    const chain = chainOf(entries, base.chain);
    const from = segmentStart(parsePosition(base.from), chain.segment_bytes);
    const archive = walOf(entries, chain.chain).filter(({ file }) => !without.has(file));
    const { wal, end } = unbroken(archive, from);
    const beyond = walOf(entries, chain.chain).some(({ to }) => parsePosition(to) > end);
    const points = entries.filter(
      (entry): entry is PointEntry =>
        entry.kind === 'point' && entry.chain === chain.chain && parsePosition(entry.at) <= end,
    );
    const latest = points.reduce((last, { time }) => (time > last ? time : last), '');
    const whole = end >= parsePosition(base.to);
    found.push({
      base,
      chain,
      earliest: base.ended_at,
      latest: whole && latest > base.ended_at ? latest : whole ? base.ended_at : '',
      wal,
      end,
      missingSegment: beyond ? segmentName(chain.timeline, end, chain.segment_bytes) : null,
    });
  }
  return found;
}

/**
 * The base and the log to restore to `time` (RFC 3339 in UTC with microseconds), or as far as possible without it. The
 * newest base that was complete by then is taken, unless `base` names one.
 *
 * @throws `backup_not_found`, `backup_time_unreachable` (`meta.earliest`, `meta.latest`), `backup_wal_missing` (`meta.segment`,
 *   `meta.latest`).
 */
export function planRestore(
  entries: readonly Entry[],
  request: { time?: string | undefined; base?: string | undefined; without?: ReadonlySet<string> },
): Recoverable {
  const all = recoverable(entries, request.without).filter(({ base }) => (request.base ?? base.base) === base.base);
  const [oldest] = all;
  if (oldest === undefined) throw backupError('backup_not_found', 'There is no whole base backup to restore from');
  const { time } = request;
  const candidates = all.filter(({ earliest }) => time === undefined || earliest <= time).reverse();
  const [newest] = candidates;
  const reachable = candidates.find(({ latest, missingSegment }) =>
    time === undefined ? missingSegment === null && latest !== '' : latest >= time,
  );
  // Without a time the newest base counts: an older state must be asked for.
  if (reachable !== undefined && (time !== undefined || reachable === newest)) return reachable;
  const broken = candidates.find(({ missingSegment }) => missingSegment !== null);
  const latest = all.reduce((last, one) => (one.latest > last ? one.latest : last), '');
  if (broken !== undefined) {
    const { missingSegment: segment } = broken;
    const reach = broken.latest === '' ? 'not even its base backup can be used' : `${broken.latest} can be reached`;
    throw backupError('backup_wal_missing', `The log segment ${segment} is missing: ${reach}`, {
      segment,
      latest: broken.latest === '' ? null : broken.latest,
    });
  }
  const { earliest } = oldest;
  const detail = `${time ?? 'The end'} cannot be restored: what can be reached goes from ${earliest} to ${latest}`;
  throw backupError('backup_time_unreachable', detail, { earliest, latest });
}

/** The log needed to restore to `time`: up to the first point at which it was complete. */
export function walUpTo(plan: Recoverable, entries: readonly Entry[], time: string | undefined): Position {
  if (time === undefined) return plan.end;
  const positions = entries
    .filter((entry) => entry.kind === 'point')
    .filter(({ chain, time: at }) => chain === plan.chain.chain && at >= time)
    .map(({ at }) => parsePosition(at));
  const enough = positions.reduce((least, position) => (position < least ? position : least), plan.end);
  const needed = parsePosition(plan.base.to);
  return enough < needed ? needed : enough;
}

/**
 * The copy of the data folder's files for a time: the first one taken at or after it, which has every key that was made by
 * then, else the newest.
 */
export function filesFor(entries: readonly Entry[], time: string | undefined): FilesEntry | undefined {
  const all = entries.filter((entry) => entry.kind === 'files');
  return (time === undefined ? undefined : all.find(({ taken_at }) => taken_at >= time)) ?? all.at(-1);
}

/** The chain that may go on: the last one, unless it has ended. */
export function openChain(entries: readonly Entry[]): ChainEntry | undefined {
  const last = entries.findLast((entry) => entry.kind === 'chain');
  return entries.some((entry) => entry.kind === 'end' && entry.chain === last?.chain) ? undefined : last;
}

/** Where the archive of a chain ends. */
export function archivedFrom(entries: readonly Entry[], chain: ChainEntry): Position {
  const start = parsePosition(chain.from);
  return walOf(entries, chain.chain).reduce((end, { to }) => {
    const position = parsePosition(to);
    return position > end ? position : end;
  }, start);
}

/** The same manifest without pieces of segments that are there whole, and with one point for each segment only. */
export function thinned(entries: readonly Entry[]): Entry[] {
  const whole = new Set<string>();
  const lastPoint = new Map<string, Entry>();
  const segments = new Map<string, number>();
  for (const entry of entries) {
    if (entry.kind === 'chain') segments.set(entry.chain, entry.segment_bytes);
    if (entry.kind === 'wal' && !isPiece(entry)) whole.add(entry.file);
    if (entry.kind === 'point') lastPoint.set(segmentOf(entry, segments), entry);
  }
  return entries.filter((entry) => {
    if (entry.kind === 'wal' && isPiece(entry)) return !whole.has(entry.file.slice(0, entry.file.lastIndexOf('.')));
    if (entry.kind === 'point') return lastPoint.get(segmentOf(entry, segments)) === entry;
    return true;
  });
}

export interface Retention {
  /** Newest base backups to keep, at least 1. */
  readonly bases: number;
  /** Days back from now that every time must stay reachable. */
  readonly days: number;
}

/**
 * What stays when everything goes that no kept base needs: the newest bases, and those that the last days need. The
 * open chain stays in any case, and the newest base always does.
 *
 * @param now RFC 3339 in UTC with microseconds
 */
export function retained(entries: readonly Entry[], retention: Retention, now: string): Entry[] {
  const bases = entries.filter((entry) => entry.kind === 'base');
  const horizon = Temporal.Instant.from(now)
    .subtract({ hours: 24 * retention.days })
    .toString({ smallestUnit: 'microsecond' });
  const inTime = bases.findLastIndex(({ ended_at }) => ended_at <= horizon);
  const newest = bases.length - Math.max(1, retention.bases);
  // A time within the days needs the last base before it.
  const firstKept = Math.max(0, Math.min(newest, inTime === -1 ? 0 : inTime));
  const kept = new Set(bases.slice(firstKept).map(({ base }) => base));
  const open = openChain(entries)?.chain;
  const from = new Map<string, Position>();
  for (const { base, chain, from: start } of bases) {
    if (!kept.has(base)) continue;
    const position = segmentStart(parsePosition(start), chainOf(entries, chain).segment_bytes);
    const known = from.get(chain);
    if (known === undefined || position < known) from.set(chain, position);
  }
  const needed = (chain: string, end: string) => {
    const start = from.get(chain);
    // A chain that goes on without a base as yet is waiting for its first.
    return start === undefined ? chain === open : parsePosition(end) > start;
  };
  const files = filesFor(entries, bases[firstKept]?.ended_at);
  const filesFrom = files === undefined ? 0 : entries.indexOf(files);
  return entries.filter((entry, index) => {
    if (entry.kind === 'base') return kept.has(entry.base);
    if (entry.kind === 'wal') return needed(entry.chain, entry.to);
    if (entry.kind === 'point') return needed(entry.chain, entry.at);
    if (entry.kind === 'chain' || entry.kind === 'end') return from.has(entry.chain) || entry.chain === open;
    if (entry.kind === 'files') return index >= filesFrom;
    return true;
  });
}

function walOf(entries: readonly Entry[], chain: string): WalEntry[] {
  return entries.filter((entry): entry is WalEntry => entry.kind === 'wal' && entry.chain === chain);
}

function chainOf(entries: readonly Entry[], name: string): ChainEntry {
  const chain = entries.find((entry): entry is ChainEntry => entry.kind === 'chain' && entry.chain === name);
  if (chain === undefined) {
    throw backupError('backup_manifest_damaged', `The manifest speaks of a chain ${name} that it does not have`);
  }
  return chain;
}

/** The entries that follow each other from `start` without a gap; of several, the one that goes farthest. */
function unbroken(archive: readonly WalEntry[], start: Position): { wal: WalEntry[]; end: Position } {
  const sorted = archive
    .map((entry) => ({ entry, from: parsePosition(entry.from), to: parsePosition(entry.to) }))
    .sort((a, b) => (a.from < b.from ? -1 : a.from > b.from ? 1 : a.to > b.to ? -1 : 1));
  const wal: WalEntry[] = [];
  let end = start;
  for (const { entry, from, to } of sorted) {
    if (to <= end) continue;
    if (from > end) break;
    wal.push(entry);
    end = to;
  }
  return { wal, end };
}

function isPiece({ file }: WalEntry): boolean {
  return file.includes('.');
}

function segmentOf(point: PointEntry, segments: ReadonlyMap<string, number>): string {
  return `${point.chain} ${segmentStart(parsePosition(point.at) - 1n, segments.get(point.chain) ?? 1)}`;
}
