/** Positions as of a date: what is held, what it cost, what it is worth, what was and was not realised; revaluation. */
import { balanceAsOf, type Ledger } from '#engines/ledger';
import type { Clock } from '#kernel/clock';
import type { Database, Queryable, Transaction } from '#kernel/database';
import { instantText, isValidDate } from '#kernel/dates';
import { appendEvents, wakeConsumers } from '#kernel/events';
import { deterministicId } from '#kernel/ids';
import { exchangeError } from './errors.ts';
import { averageCost, convert, rateText } from './model.ts';
import { chained, codeOf, deskAccounts, revaluationTransfer } from './postings.ts';
import { rateOn } from './rates.ts';
import type { Desk, Revaluation } from './store.ts';
import * as store from './store.ts';

/** One currency's position as of a date. Amounts in minor units; all but the quantity in the functional currency. */
export interface PositionLine {
  readonly currency: string;
  /** Above zero: long, below: short. */
  readonly quantityMinor: bigint;
  readonly costMinor: bigint;
  /** Functional currency for one unit; null when nothing is held. */
  readonly averageCost: string | null;
  readonly rate: string | null;
  readonly rateDate: string | null;
  /** The quantity at the rate. */
  readonly valueMinor: bigint;
  /** Value less cost. */
  readonly unrealisedMinor: bigint;
  /** What of that has been posted by revaluations up to the date. */
  readonly unrealisedPostedMinor: bigint;
  /** What deals have realised on this position up to the date. */
  readonly realisedMinor: bigint;
}

export interface PositionsReport {
  readonly date: string;
  readonly functionalCurrency: string;
  readonly lines: readonly PositionLine[];
  readonly costMinor: bigint;
  readonly valueMinor: bigint;
  readonly unrealisedMinor: bigint;
  readonly unrealisedPostedMinor: bigint;
  readonly realisedMinor: bigint;
  /** The spread of all deals up to the date. */
  readonly spreadMinor: bigint;
  /** Spread, realised and unrealised. */
  readonly resultMinor: bigint;
}

export interface RevaluationResult {
  readonly date: string;
  readonly functionalCurrency: string;
  /** What this run changed; empty when it found all as the run before. */
  readonly entries: readonly Revaluation[];
}

interface PositionsDeps {
  readonly db: Database;
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly deskOf: (on: Queryable, bookId: number) => Promise<Desk>;
}

export function openPositions({ db, ledger, clock, deskOf }: PositionsDeps) {
  /** The lines of all foreign currencies, read in one snapshot or under the desk's lock. */
  async function linesAt(on: Queryable, book: string, bookId: number, desk: Desk, date: string) {
    const { functionalCurrency: functional } = desk;
    const accounts = deskAccounts(book, functional);
    const realised = await store.realisedThrough(on, bookId, date);
    const net = async (id: string) => {
      const { counters } = await balanceAsOf(on, bookId, id, date);
      return counters.debitsPosted - counters.creditsPosted;
    };
    const lines: PositionLine[] = [];
    for (const currency of desk.currencies) {
      if (currency === functional) continue;
      const quantityMinor = -(await net(accounts.position(currency)));
      const costMinor = await net(accounts.cost(currency));
      const question = { source: desk.rateSource, date, maximumAgeDays: desk.maximumRateAgeDays };
      const found = quantityMinor === 0n ? null : await rateOn(on, currency, functional, question);
      const valueMinor = found === null ? 0n : convert(quantityMinor, currency, functional, found.mid, 'half_even');
      lines.push({
        currency,
        quantityMinor,
        costMinor,
        averageCost: averageCost({ quantity: quantityMinor, cost: costMinor }, currency, functional),
        rate: found === null ? null : rateText(found.mid),
        rateDate: found === null ? null : found.date,
        valueMinor,
        unrealisedMinor: valueMinor - costMinor,
        unrealisedPostedMinor: await net(accounts.revaluation(currency)),
        realisedMinor: realised.get(currency) ?? 0n,
      });
    }
    return { lines, spreadMinor: realised.get('') ?? 0n };
  }

  async function revalueIn(
    tx: Transaction,
    book: string,
    bookId: number,
    date: string,
    adjustment: boolean,
  ): Promise<RevaluationResult> {
    await store.lockDesk(tx, bookId);
    const desk = await deskOf(tx, bookId);
    const last = await store.lastRevaluation(tx, bookId);
    if (last !== undefined && date < last) {
      throw exchangeError('exchange_date_invalid', `The books are revalued up to ${last}; earlier dates are closed`, {
        last,
      });
    }
    const { functionalCurrency } = desk;
    const accounts = deskAccounts(book, functionalCurrency);
    const runs = await store.runsOf(tx, bookId, date);
    const { lines } = await linesAt(tx, book, bookId, desk, date);
    const recordedAt = instantText(clock.now());
    const entries: Revaluation[] = [];
    for (const line of lines) {
      const changeMinor = line.unrealisedMinor - line.unrealisedPostedMinor;
      const before = runs.get(line.currency);
      if (changeMinor === 0n && (before !== undefined || line.quantityMinor === 0n)) continue;
      const run = (before ?? 0) + 1;
      entries.push({
        date,
        currency: line.currency,
        run,
        quantityMinor: line.quantityMinor,
        costMinor: line.costMinor,
        rate: line.rate,
        rateDate: line.rateDate,
        valueMinor: line.valueMinor,
        changeMinor,
        transferId:
          changeMinor === 0n ? null : deterministicId('exchange.revaluation', book, date, line.currency, String(run)),
        recordedAt,
      });
    }
    const transfers = entries.flatMap(({ transferId: id, currency, changeMinor }) =>
      id === null
        ? []
        : [
            revaluationTransfer(accounts, functionalCurrency, {
              id,
              currency,
              changeMinor,
              effectiveDate: date,
              adjustment,
            }),
          ],
    );
    if (transfers.length > 0) {
      const code = codeOf(await ledger.postIn(tx, book, chained(transfers)));
      if (code !== 'accepted') {
        throw exchangeError('exchange_revaluation_refused', `The ledger refused it: ${code}`, { reason: code, date });
      }
    }
    for (const entry of entries) await store.addRevaluation(tx, bookId, entry);
    if (entries.length > 0) {
      const currencies = entries.map(({ currency, changeMinor }) => ({ currency, change_minor: changeMinor }));
      const payload = { date, functional_currency: functionalCurrency, currencies };
      await appendEvents(tx, bookId, clock, [{ type: 'exchange.revalued', subject: date, payload }]);
    }
    return { date, functionalCurrency, entries };
  }

  return {
    /**
     * Revalues all positions as of a date at the rates of that date: what value less cost differs from what was posted
     * before is posted, dated that day, to the revaluation account of the currency against the unrealised result. So
     * the account always holds the whole unrealised result (cumulative change, nothing is reversed), and the same date
     * again changes nothing. Formula: monetary items at the closing rate, differences into profit or loss (IAS 21,
     * paragraphs 23 and 28; 企业会计准则第19号, article 11).
     *
     * In a closed period, only as an `adjustment`. Dates go forward: a date before the latest revaluation is refused, since its change would stand in all later ones.
     *
     * @throws exchange_not_configured, exchange_date_invalid, exchange_revaluation_refused, rate_not_found, rate_too_old
     */
    async revalue(book: string, date: string, adjustment = false): Promise<RevaluationResult> {
      if (!isValidDate(date) || date > ledger.businessDate()) {
        const detail = `'${date.slice(0, 20)}' is no date up to the business date ${ledger.businessDate()}`;
        throw exchangeError('exchange_date_invalid', detail);
      }
      const bookId = await ledger.bookId(book);
      const result = await db.transaction((tx) => revalueIn(tx, book, bookId, date, adjustment));
      if (result.entries.length > 0) wakeConsumers(bookId);
      return result;
    },
    /**
     * Positions as of a date, in one snapshot.
     * @throws exchange_not_configured, exchange_date_invalid, rate_not_found, rate_too_old
     */
    async report(book: string, date = ledger.businessDate()): Promise<PositionsReport> {
      if (!isValidDate(date)) throw exchangeError('exchange_date_invalid', `'${date.slice(0, 20)}' is no date`);
      const bookId = await ledger.bookId(book);
      return db.transaction(
        async (tx) => {
          const desk = await deskOf(tx, bookId);
          const { lines, spreadMinor } = await linesAt(tx, book, bookId, desk, date);
          const sum = (of: (line: PositionLine) => bigint) => lines.reduce((total, line) => total + of(line), 0n);
          const [realisedMinor, unrealisedMinor] = [
            sum((line) => line.realisedMinor),
            sum((line) => line.unrealisedMinor),
          ];
          return {
            date,
            functionalCurrency: desk.functionalCurrency,
            lines,
            costMinor: sum((line) => line.costMinor),
            valueMinor: sum((line) => line.valueMinor),
            unrealisedMinor,
            unrealisedPostedMinor: sum((line) => line.unrealisedPostedMinor),
            realisedMinor,
            spreadMinor,
            resultMinor: spreadMinor + realisedMinor + unrealisedMinor,
          };
        },
        { isolation: 'repeatable read' },
      );
    },
  };
}
