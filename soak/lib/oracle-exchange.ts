/**
 * The oracle's third part: currency exchange, as simply as it can be said. Rates are fractions of whole numbers; a
 * position is the sum of what deals did to it, and its account in the books is compared with it, not asked. Written from
 * the words of the room (`src/systems/exchange/README.md`) and not from its code.
 */
import type { TransferInput } from '#engines/ledger';
import { deterministicId } from '#kernel/ids';
import type {
  Deal,
  DealRequest,
  Desk,
  DeskAccounts,
  PositionLine,
  PositionsReport,
  Quote,
  QuoteRequest,
  Revaluation,
} from '#systems/exchange';
import type { Oracle } from './oracle-model.ts';
import {
  converted,
  fraction,
  OracleRates,
  product,
  refuse,
  rounded,
  shown,
  size,
  turned,
  unit,
} from './oracle-rates.ts';
import { businessDate, isDate, largest } from './oracle-words.ts';

/** How the market orders some currencies in a pair; others come after, and the functional currency is the last. */
const marketOrder = ['EUR', 'GBP', 'AUD', 'NZD', 'USD'];
/** As the ledger writes instants: with microseconds. */
const instantOf = (ms: number): string => new Date(ms).toISOString().replace('Z', '000Z');

const isSpread = (text: string) => /^\d{1,18}(\.\d{1,18})?$/.test(text) && BigInt(text.split('.')[0] ?? '') < 10_000n;
const isUuid = (text: string) => /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/.test(text);

const amountNames = ['quantity', 'cost', 'realised', 'revalued', 'spread'] as const;
type Amounts = Record<(typeof amountNames)[number], bigint>;
const nothing: Amounts = { quantity: 0n, cost: 0n, realised: 0n, revalued: 0n, spread: 0n };
/** What a deal or a revaluation did to a position; spreads belong to no currency (''). */
type Effect = Readonly<Amounts> & { readonly date: string; readonly currency: string };
type OracleDeal = Omit<Deal, 'recordedAt'>;

export class OracleExchange {
  readonly rates = new OracleRates();
  readonly quotes = new Map<string, Quote>();
  readonly deals = new Map<string, OracleDeal>();
  readonly revaluations: Pick<Revaluation, 'date' | 'currency'>[] = [];
  private readonly effects: Effect[] = [];
  private readonly oracle: Oracle;
  private readonly accounts: DeskAccounts;
  private readonly book: string;
  private configured: Desk | undefined;

  constructor(oracle: Oracle, accounts: DeskAccounts, book: string) {
    this.oracle = oracle;
    this.accounts = accounts;
    this.book = book;
  }

  get desk(): Desk {
    return this.configured ?? refuse('exchange_not_configured');
  }

  configure(desk: Desk): Desk {
    const { functionalCurrency, quoteSeconds: seconds, maximumRateAgeDays: days } = desk;
    const before = this.configured;
    if ((before?.functionalCurrency ?? functionalCurrency) !== functionalCurrency) {
      refuse('exchange_functional_currency_fixed');
    }
    const fits = isSpread(desk.spreadBasisPoints) && seconds >= 1 && seconds <= 86_400 && days >= 0 && days <= 3_660;
    if (!fits || !/^[a-z]+$/.test(desk.rateSource)) refuse('exchange_configuration_invalid');
    const currencies = [...new Set([functionalCurrency, ...desk.currencies, ...(before?.currencies ?? [])])].sort();
    this.configured = { ...desk, currencies };
    return this.configured;
  }

  private rate(from: string, to: string, date: string, atMs = Number.POSITIVE_INFINITY) {
    const { rateSource: source, functionalCurrency: functional, maximumRateAgeDays: maximumAgeDays } = this.desk;
    return this.rates.find(from, to, { source, functional, maximumAgeDays, date, atMs });
  }

  /** What a customer is offered; the caller has the quote's id. */
  quote(request: QuoteRequest, nowMs: number): Omit<Quote, 'id'> {
    const { desk } = this;
    const { sellCurrency, buyCurrency, spreadBasisPoints = desk.spreadBasisPoints } = request;
    const { functionalCurrency: functional, rounding } = desk;
    if (![sellCurrency, buyCurrency].every((it) => desk.currencies.includes(it)))
      refuse('exchange_currency_not_traded');
    const amount = request.sellMinor ?? request.buyMinor ?? 0n;
    const both = request.sellMinor !== undefined && request.buyMinor !== undefined;
    if (both || amount <= 0n || sellCurrency === buyCurrency) refuse('exchange_amount_invalid');
    if (!isSpread(spreadBasisPoints)) refuse('exchange_amount_invalid');
    const date = businessDate(nowMs);
    const order = [...marketOrder, ...desk.currencies.filter((it) => it !== functional), functional];
    const [base = '', quote = ''] = [sellCurrency, buyCurrency].sort((a, b) => order.indexOf(a) - order.indexOf(b));
    const found = this.rate(base, quote, date, nowMs);
    const side = base === sellCurrency ? 'bid' : 'ask';
    const spread = fraction(spreadBasisPoints);
    const whole = 10_000n * spread.under;
    const kept = { over: side === 'bid' ? whole - spread.over : whole + spread.over, under: whole };
    const rate = shown(product(found[side], kept));
    const [toBuy, toSell] =
      side === 'bid' ? [fraction(rate), turned(fraction(rate))] : [turned(fraction(rate)), fraction(rate)];
    const sellMinor = request.sellMinor ?? converted(amount, buyCurrency, sellCurrency, toSell, rounding);
    const buyMinor = request.buyMinor ?? converted(amount, sellCurrency, buyCurrency, toBuy, rounding);
    const fits = (minor: bigint) => minor <= largest;
    if (sellMinor === 0n || buyMinor === 0n || !fits(sellMinor) || !fits(buyMinor)) refuse('exchange_amount_invalid');
    const worth = (minor: bigint, currency: string) =>
      converted(minor, currency, functional, this.rate(currency, functional, date, nowMs).mid, 'half_even');
    const [sellValueMinor, buyValueMinor] = [worth(sellMinor, sellCurrency), worth(buyMinor, buyCurrency)];
    if (!fits(sellValueMinor) || !fits(buyValueMinor)) refuse('exchange_amount_invalid');
    const amounts = { sellCurrency, sellMinor, buyCurrency, buyMinor, sellValueMinor, buyValueMinor };
    const terms = { base, quote, side, mid: shown(found.mid), rate, spreadBasisPoints, rateDate: found.date } as const;
    return {
      ...amounts,
      ...terms,
      quotedAt: instantOf(nowMs),
      expiresAt: instantOf(nowMs + desk.quoteSeconds * 1_000),
    };
  }

  /** Takes a quote: a chain of transfers, all or none. */
  deal(given: DealRequest, nowMs: number, recordedUs: number): OracleDeal & { readonly repeated: boolean } {
    const request = { ...given, id: given.id.toLowerCase(), quoteId: given.quoteId.toLowerCase() };
    if (!isUuid(request.id)) refuse('exchange_deal_id_invalid');
    const before = this.deals.get(request.id);
    if (before !== undefined) {
      const again = (['quoteId', 'sellAccountId', 'buyAccountId'] as const).every(
        (key) => before[key] === request[key],
      );
      return again ? { ...before, repeated: true } : refuse('exchange_deal_differs');
    }
    const { functionalCurrency: functional } = this.desk;
    const quote = this.quotes.get(request.quoteId) ?? refuse('exchange_quote_not_found');
    const taken = [...this.deals.values()].some(({ quoteId, status }) => quoteId === quote.id && status === 'accepted');
    if (taken) refuse('exchange_quote_taken');
    if (Date.parse(quote.expiresAt) <= nowMs) refuse('exchange_quote_expired');

    const { sellCurrency: sell, sellMinor, buyCurrency: buy, buyMinor } = quote;
    const date = businessDate(nowMs);
    const gets = this.moved(sell, sellMinor, quote.sellValueMinor, date);
    const gives = this.moved(buy, -buyMinor, -quote.buyValueMinor, date);
    const spread = quote.sellValueMinor - quote.buyValueMinor;
    const { accounts } = this;
    const { code, outcomes } = this.post(
      [
        [request.sellAccountId, accounts.position(sell), sellMinor, sell],
        [accounts.position(buy), request.buyAccountId, buyMinor, buy],
        [accounts.cost(sell), accounts.cost(buy), quote.buyValueMinor, functional],
        [accounts.cost(sell), accounts.spreadResult, spread, functional],
        [accounts.cost(sell), accounts.tradingResult, gets.realised, functional],
        [accounts.cost(buy), accounts.tradingResult, gives.realised, functional],
      ],
      (index) => ({ id: deterministicId('exchange.deal', request.id, `${index}`), effectiveDate: date }),
      { ms: nowMs, recordedUs },
    );
    const accepted = code === 'accepted';
    if (accepted) this.effects.push(gets, gives, { ...nothing, date, currency: '', spread });
    const deal: OracleDeal = {
      ...request,
      status: accepted ? 'accepted' : 'refused',
      code,
      effectiveDate: date,
      spreadMinor: accepted ? spread : 0n,
      sellRealisedMinor: accepted ? gets.realised : 0n,
      buyRealisedMinor: accepted ? gives.realised : 0n,
      firstSequence: accepted ? (outcomes[0]?.sequence ?? null) : null,
      lastSequence: accepted ? (outcomes.at(-1)?.sequence ?? null) : null,
    };
    this.deals.set(deal.id, deal);
    return { ...deal, repeated: false };
  }

  /**
   * What taking (above zero) or giving a quantity does to a position: what makes it larger costs its value, what makes
   * it smaller takes out the same share of the cost, and the difference to its value is realised.
   */
  private moved(currency: string, quantity: bigint, value: bigint, date: string): Effect {
    const effect = { ...nothing, date, currency };
    if (currency === this.desk.functionalCurrency) return effect;
    const held = this.position(currency, date);
    if (held.quantity * quantity >= 0n) return { ...effect, quantity, cost: value };
    const back = size(quantity) < size(held.quantity) ? size(quantity) : size(held.quantity);
    const costOut = rounded({ over: held.cost * back, under: size(held.quantity) }, 'half_even');
    const valueOut = rounded({ over: value * back, under: size(quantity) }, 'half_even');
    const realised = -valueOut - costOut;
    return { ...effect, quantity, cost: value + realised, realised };
  }

  /** A chain; an amount below zero goes the other way round, zero is left out. */
  private post(
    moves: readonly (readonly [debit: string, credit: string, minor: bigint, currency: string])[],
    rest: (index: number) => Pick<TransferInput, 'id' | 'effectiveDate' | 'adjustment'>,
    now: { readonly ms: number; readonly recordedUs: number },
  ) {
    const chain = moves
      .filter(([, , minor]) => minor !== 0n)
      .map(([debit, credit, minor, currency], index, all): TransferInput => {
        const [debitAccountId, creditAccountId] = minor > 0n ? [debit, credit] : [credit, debit];
        const linked = index < all.length - 1;
        return { ...rest(index), debitAccountId, creditAccountId, amount: size(minor), currency, linked };
      });
    const outcomes = this.oracle.post(chain, now);
    const failed = outcomes.find(({ code }) => code !== 'accepted' && code !== 'chain_failed');
    return { chain, outcomes, code: failed?.code ?? 'accepted' };
  }

  /** The sum of what was done to a position up to a date. */
  private position(currency: string, date: string): Amounts {
    const sums = { ...nothing };
    for (const effect of this.effects) {
      if (effect.currency !== currency || effect.date > date) continue;
      for (const name of amountNames) sums[name] += effect[name];
    }
    return sums;
  }

  /** What is held, what it cost and what it is worth at the rates of a date. */
  private lines(date: string): PositionLine[] {
    const { functionalCurrency: functional, currencies } = this.desk;
    const foreign = currencies.filter((currency) => currency !== functional);
    return foreign.map((currency) => {
      const { quantity, cost, realised, revalued } = this.position(currency, date);
      const found = quantity === 0n ? null : this.rate(currency, functional, date);
      const value = found && converted(quantity, currency, functional, found.mid, 'half_even');
      const average = { over: size(cost) * unit(currency), under: size(quantity) * unit(functional) };
      return {
        currency,
        quantityMinor: quantity,
        costMinor: cost,
        averageCost: found && shown(average),
        rate: found && shown(found.mid),
        rateDate: found?.date ?? null,
        valueMinor: value ?? 0n,
        unrealisedMinor: (value ?? 0n) - cost,
        unrealisedPostedMinor: revalued,
        realisedMinor: realised,
      };
    });
  }

  report(date: string): PositionsReport {
    if (!isDate(date)) refuse('exchange_date_invalid');
    const lines = this.lines(date);
    const sum = (of: (line: PositionLine) => bigint) => lines.reduce((total, line) => total + of(line), 0n);
    const spreadMinor = this.position('', date).spread;
    return {
      date,
      functionalCurrency: this.desk.functionalCurrency,
      lines,
      costMinor: sum((line) => line.costMinor),
      valueMinor: sum((line) => line.valueMinor),
      unrealisedMinor: sum((line) => line.unrealisedMinor),
      unrealisedPostedMinor: sum((line) => line.unrealisedPostedMinor),
      realisedMinor: sum((line) => line.realisedMinor),
      spreadMinor,
      resultMinor: spreadMinor + sum((line) => line.realisedMinor + line.unrealisedMinor),
    };
  }

  /** Posts what the unrealised results have changed by since the last time; what changed nothing is not told. */
  revalue(date: string, adjustment: boolean, nowMs: number, recordedUs: number): Omit<Revaluation, 'recordedAt'>[] {
    if (!isDate(date) || date > businessDate(nowMs)) refuse('exchange_date_invalid');
    const { functionalCurrency: functional } = this.desk;
    if (this.revaluations.some((earlier) => earlier.date > date)) refuse('exchange_date_invalid');
    const entries = this.lines(date).flatMap((line) => {
      const { currency, quantityMinor, costMinor, rate, rateDate, valueMinor } = line;
      const runs = this.revaluations.filter((it) => it.date === date && it.currency === currency).length;
      const changeMinor = line.unrealisedMinor - line.unrealisedPostedMinor;
      if (changeMinor === 0n && (runs > 0 || quantityMinor === 0n)) return [];
      const id = deterministicId('exchange.revaluation', this.book, date, currency, `${runs + 1}`);
      const transferId = changeMinor === 0n ? null : id;
      const held = { quantityMinor, costMinor, rate, rateDate, valueMinor };
      return [{ date, currency, run: runs + 1, ...held, changeMinor, transferId }];
    });
    const { revaluation, unrealisedResult } = this.accounts;
    const posted = entries.filter(({ transferId }) => transferId !== null);
    const { chain, code } = this.post(
      posted.map((it) => [revaluation(it.currency), unrealisedResult, it.changeMinor, functional]),
      (index) => ({ id: posted[index]?.transferId ?? '', effectiveDate: date, adjustment }),
      { ms: nowMs, recordedUs },
    );
    if (code !== 'accepted') {
      this.oracle.forget(chain);
      refuse(`exchange_revaluation_refused ${code}`);
    }
    this.revaluations.push(...entries);
    for (const { currency, changeMinor: revalued } of posted)
      this.effects.push({ ...nothing, date, currency, revalued });
    return entries;
  }
}
