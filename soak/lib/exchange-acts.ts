/** What customers and dealers do meanwhile: rates, quotes, deals, revaluations; in the exchange and in the oracle. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '#kernel/clock';
import {
  type DealRequest,
  type Desk,
  deskAccounts,
  type Exchange,
  exchangeErrorCodes,
  importRates,
} from '#systems/exchange';
import { type Books, changeState, deskCodes, isCustomers } from './administration.ts';
import { microseconds } from './comparison.ts';
import { functional, someRate, someRequest, someTerms } from './exchange-choices.ts';
import { setClosing } from './guard-acts.ts';
import { currencies, isoDate } from './operations.ts';
import { OracleExchange } from './oracle-exchange.ts';
import { refuse } from './oracle-rates.ts';
import { businessDate } from './oracle-words.ts';
import { refused, told } from './told.ts';

const dayMs = 86_400_000;
/** Outcome codes of the ledger that deals must meet, also in short runs. */
const metByDeals = [
  'accepted',
  'currency_mismatch',
  'exceeds_available',
  'debit_account_not_found',
  'credit_account_not_found',
  'debit_account_frozen',
  'credit_account_frozen',
];
interface ExchangeBooks extends Books {
  readonly clock: Clock;
  /** Two doors to the same desk, as two processes have them. */
  readonly exchange: Exchange;
  readonly otherExchange: Exchange;
  /** Is told each instant the ledger writes down (microseconds since 1970), as {@link Books} has them. */
  recorded(us: number): void;
  /** The instant the ledger wrote down last. */
  lastRecorded(): Promise<number>;
}

export class ExchangeActs {
  readonly model: OracleExchange;
  /** How often each outcome has been met. */
  readonly codes = new Map<string, number>(
    [...exchangeErrorCodes.filter((code) => code !== refused), `${refused} period_closed`, `${refused} period_sealed`]
      .concat(metByDeals.map((code) => `deal ${code}`))
      .concat('deal repeated', 'revalued')
      .map((code) => [code, 0]),
  );
  private readonly books: ExchangeBooks;
  private readonly requests: DealRequest[] = [];

  constructor(books: ExchangeBooks) {
    this.books = books;
    this.model = new OracleExchange(books.oracle, deskAccounts(books.book, functional), books.book);
  }

  get missing(): string[] {
    return [...this.codes].filter(([, count]) => count === 0).map(([code]) => code);
  }

  /** Without a desk everything is refused; then there is one. */
  async start(): Promise<void> {
    const { book, oracle, random } = this.books;
    await this.quote();
    await this.deal(this.request(random.uuid()));
    await this.revalue();
    await this.positions(businessDate(this.nowMs));
    await this.configure({ functionalCurrency: functional, currencies: Object.keys(currencies), ...someTerms(random) });
    const accounts = deskAccounts(book, functional);
    const limits = { minimum: null, maximum: null };
    const open = (id: string, currency: string, code: string, side: 'debit' | 'credit') =>
      oracle.open({ id, currency, code, side, limits });
    for (const id of [accounts.spreadResult, accounts.tradingResult, accounts.unrealisedResult]) {
      open(id, functional, deskCodes.result, 'credit');
    }
    for (const currency of Object.keys(currencies)) {
      open(accounts.position(currency), currency, deskCodes.position, 'credit');
      if (currency === functional) continue;
      for (const id of [accounts.cost(currency), accounts.revaluation(currency)]) {
        open(id, functional, deskCodes.position, 'debit');
      }
    }
  }

  /** Until each outcome has been met, but not for ever. */
  async meetAll(): Promise<void> {
    for (let acts = 0; acts < 2_000 && this.missing.length > 0; acts++) {
      await this.act();
      if (acts % 20 === 0) await this.compare();
    }
  }

  /** One act; what the exchange says must be what the rules say. */
  async act(): Promise<void> {
    const { random } = this.books;
    const weights = {
      rates: 6,
      file: 0.4,
      trade: 8,
      quote: 2,
      late: 3,
      again: 2,
      frozen: 1,
      revalue: 2,
      closed: 0.4,
      desk: 0.7,
    };
    switch (random.weighted(weights)) {
      case 'rates':
        return this.addRates();
      case 'file':
        return this.importFile();
      case 'trade':
        return this.trade();
      case 'quote':
        return this.quote().then(() => undefined);
      case 'late':
        return this.deal(this.request(this.someQuote()));
      case 'again':
        return this.again();
      case 'frozen':
        return this.tradeFrozen();
      case 'revalue':
        return this.revalue();
      case 'closed':
        return this.revalueClosed();
      default:
        return this.changeDesk();
    }
  }

  /** Positions at some dates, and what was quoted and dealt as it is kept. */
  async compare(): Promise<void> {
    const { exchange, book, random, found, oracle } = this.books;
    await this.positions(businessDate(this.nowMs));
    await this.positions(isoDate(this.nowMs + random.integer(-30, 3) * dayMs));
    if (random.chance(0.1)) await this.positions(random.pick(['2026-02-30', 'today', '2024-02-29']));
    found.equal(await exchange.desk(book), this.model.desk, 'desk');
    const cleared = oracle.accounts.get(deskAccounts(book, functional).position(functional))?.posted;
    found.equal(cleared?.debit, cleared?.credit, 'the position of the functional currency is cleared by every deal');
    const quoteId = this.someQuote();
    const quote = () => this.model.quotes.get(quoteId) ?? refuse('exchange_quote_not_found');
    await this.both('a quote as kept', quoteId, () => exchange.findQuote(book, quoteId), quote);
    const dealId = random.chance(0.3) ? random.uuid() : ([...this.model.deals.keys()].at(-random.integer(1, 50)) ?? '');
    const deal = () => this.model.deals.get(dealId) ?? refuse('exchange_deal_not_found');
    await this.both('a deal as kept', dealId, () => exchange.findDeal(book, dealId).then(withoutInstant), deal);
  }

  /** Events that commit with what they tell of. */
  async compareEvents(): Promise<void> {
    const { db, bookId, found } = this.books;
    const { rows } = await db.query<{ type: string; count: bigint }>(
      `select type, count(*) from kernel.event where book_id = $1 and type like 'exchange.%' group by 1 order by 1`,
      [bookId],
    );
    const accepted = [...this.model.deals.values()].filter(({ status }) => status === 'accepted').length;
    const want = [
      { type: 'exchange.dealt', count: BigInt(accepted) },
      { type: 'exchange.revalued', count: BigInt(this.codes.get('revalued') ?? 0) },
    ];
    found.equal(rows, want, 'events of the exchange');
  }

  private get nowMs(): number {
    return this.books.clock.now().epochMilliseconds;
  }

  /** Asks both and compares; the oracle is told what it cannot know, such as an instant, from the answer. */
  private async both<Value>(
    what: string,
    where: unknown,
    real: () => Promise<Value>,
    model: (answer: Value | null) => unknown,
  ): Promise<Value | null> {
    const got = await told(real);
    const want = await told(() => model(got.value));
    this.met(got.code);
    this.books.found.equal(got, want, what, where);
    return got.value;
  }

  private met(code: string): void {
    this.codes.set(code, (this.codes.get(code) ?? 0) + 1);
  }

  private async addRates(): Promise<void> {
    const { db, exchange, random } = this.books;
    const rates = Array.from({ length: random.integer(1, 5) }, () =>
      someRate(random, this.model.rates.all, this.nowMs),
    );
    const real = () => db.transaction((tx) => exchange.addRates(tx, rates));
    await this.both('rates', rates, real, () => this.model.rates.add(rates));
  }

  /** The same in a file, which is damaged now and then. */
  private async importFile(): Promise<void> {
    const { db, clock, random } = this.books;
    const some = Array.from({ length: 3 }, () => someRate(random, this.model.rates.all, this.nowMs));
    // An empty cell says nothing.
    const filled = some.filter(({ mid, bid, ask }) => ![mid, bid, ask].includes(''));
    const rates = filled.map((rate) => ({ ...rate, source: 'house' }));
    const rows = rates.map(({ date, base, quote, mid, bid, ask, quotedAt }) =>
      [date, base, quote, mid, bid, ask, quotedAt].join(),
    );
    const damaged = random.chance(0.4);
    if (damaged) rows.push('2026-02-30,USD,CNY,7.1,,,');
    const folder = await mkdtemp(join(tmpdir(), 'longmen-soak-'));
    const path = join(folder, 'rates.csv');
    await writeFile(path, ['date,base,quote,mid,bid,ask,quoted_at', ...rows].join('\n'));
    const real = () => importRates({ db, clock }, path, { source: 'house' }).then(({ added }) => added);
    const added = await told(() => (damaged ? refuse('rate_invalid') : this.model.rates.add(rates)));
    const model = () => (added.code === 'ok' ? added.value : refuse(added.code.replace('rate_i', 'rate_file_i')));
    await this.both('a file of rates', rows, real, model);
    await rm(folder, { recursive: true });
  }

  private async quote(): Promise<string | null> {
    const { db, exchange, book } = this.books;
    const request = someRequest(this.books.random);
    const real = () => db.transaction((tx) => exchange.quote(tx, book, request));
    const quote = await this.both('a quote', request, real, (answer) => {
      return { ...this.model.quote(request, this.nowMs), id: answer?.id };
    });
    if (quote !== null) this.model.quotes.set(quote.id, quote);
    return quote?.id ?? null;
  }

  private async trade(): Promise<void> {
    const quoteId = await this.quote();
    if (quoteId !== null) await this.deal(this.request(quoteId));
  }

  private someQuote(): string {
    const { random } = this.books;
    const recent = [...this.model.quotes.keys()].slice(-20);
    return recent.length === 0 || random.chance(0.05) ? random.uuid() : random.pick(recent);
  }

  /** Mostly with accounts that fit. */
  private request(quoteId: string): DealRequest {
    const { oracle, random } = this.books;
    const quote = this.model.quotes.get(quoteId);
    const account = (currency: string | undefined) => {
      if (random.chance(0.04)) return random.uuid();
      const fits = random.chance(0.03) ? random.pick(Object.keys(currencies)) : currency;
      const customers = [...oracle.accounts.values()].filter((it) => isCustomers(it) && it.currency === fits);
      const usable = customers.filter(({ state }) => state !== 'closed' || random.chance(0.02));
      return usable.length === 0 ? random.uuid() : random.pick(usable).id;
    };
    const id = random.chance(0.03) ? random.pick(['', 'deal 1', random.uuid().slice(1)]) : random.uuid();
    return { id, quoteId, sellAccountId: account(quote?.sellCurrency), buyAccountId: account(quote?.buyCurrency) };
  }

  /** Through one door, or the same at once through both: then one of them gets the answer of the other. */
  private async deal(request: DealRequest): Promise<void> {
    const { book, exchange, otherExchange, found, random, recorded } = this.books;
    const doors = random.chance(0.2) ? [exchange, otherExchange] : [random.pick([exchange, otherExchange])];
    const answers = await Promise.all(doors.map((door) => told(() => door.deal(book, request))));
    answers.sort((a, b) => Number(a.value?.repeated ?? false) - Number(b.value?.repeated ?? false));
    for (const got of answers) {
      const recordedUs = got.value === null ? 0 : microseconds(got.value.recordedAt);
      if (got.value?.repeated === false) recorded(recordedUs);
      const want = await told(() => this.model.deal(request, this.nowMs, recordedUs));
      found.equal({ ...got, value: got.value && withoutInstant(got.value) }, want, 'a deal', request);
      this.met(got.value === null ? got.code : got.value.repeated ? 'deal repeated' : `deal ${got.value.code}`);
    }
    this.requests.push(request);
    if (this.requests.length > 30) this.requests.shift();
  }

  /** A deal again: as it was, in capitals, or its id for something else. */
  private async again(): Promise<void> {
    const { random } = this.books;
    if (this.requests.length === 0) return;
    const request = random.pick(this.requests);
    const how = random.weighted({ same: 4, capitals: 2, quote: 1, account: 1 });
    if (how === 'capitals') return this.deal({ ...request, id: request.id.toUpperCase() });
    if (how === 'quote') return this.deal({ ...request, quoteId: this.someQuote() });
    return this.deal(how === 'same' ? request : { ...request, buyAccountId: random.uuid() });
  }

  /** A customer's account is frozen for the time of a deal. */
  private async tradeFrozen(): Promise<void> {
    const { oracle, random } = this.books;
    const quoteId = await this.quote();
    if (quoteId === null) return;
    const request = this.request(quoteId);
    const id = random.pick([request.sellAccountId, request.buyAccountId]);
    const account = oracle.accounts.get(id);
    if (account?.state !== 'open') return this.deal(request);
    await changeState(this.books, account, 'frozen');
    await this.deal(request);
    await changeState(this.books, account, 'open');
  }

  private async revalue(): Promise<void> {
    const { random } = this.books;
    const last = this.model.revaluations.at(-1)?.date ?? this.daysAgo(20);
    const days = random.weighted({ 20: 2, 5: 3, 1: 10, 0: 1, '-1': 0.5 });
    const chosen = [this.daysAgo(Number(days)), last].sort()[random.chance(0.1) ? 0 : 1] ?? last;
    const date = random.chance(0.02) ? random.pick(['2026-02-30', '']) : chosen;
    await this.revalueAt(date, random.chance(0.4));
  }

  /** Yesterday is closed for a while, or sealed. */
  private async revalueClosed(): Promise<void> {
    const { closedThrough, sealedThrough } = this.books.oracle.guards;
    const yesterday = this.daysAgo(1);
    const sealed = this.books.random.chance(0.5) ? yesterday : sealedThrough;
    await setClosing(this.books, { closedThrough: yesterday, sealedThrough: sealed }, this.nowMs);
    await this.revalueAt(yesterday, false);
    await this.revalueAt(yesterday, true);
    await setClosing(this.books, { closedThrough, sealedThrough }, this.nowMs);
  }

  private daysAgo(days: number): string {
    return isoDate(Date.parse(businessDate(this.nowMs)) - days * dayMs);
  }

  private async revalueAt(date: string, adjustment: boolean): Promise<void> {
    const { book, exchange, recorded, lastRecorded } = this.books;
    let recordedUs = 0;
    const real = async () => {
      const { entries } = await exchange.revalue(book, date, adjustment);
      if (entries.some(({ transferId }) => transferId !== null)) {
        recordedUs = await lastRecorded();
        recorded(recordedUs);
      }
      return entries.map(withoutInstant);
    };
    const model = () => this.model.revalue(date, adjustment, this.nowMs, recordedUs);
    const entries = await this.both('a revaluation', { date, adjustment }, real, model);
    if (entries !== null && entries.length > 0) this.met('revalued');
  }

  private async positions(date: string): Promise<void> {
    const { exchange, book, found } = this.books;
    const report = await this.both(
      'positions',
      date,
      () => exchange.positions(book, date),
      () => this.model.report(date),
    );
    if (report === null) return;
    let paid = 0n;
    for (const { status, effectiveDate, quoteId } of this.model.deals.values()) {
      const quote = this.model.quotes.get(quoteId);
      if (quote === undefined || status !== 'accepted' || effectiveDate > date) continue;
      if (quote.sellCurrency === functional) paid += quote.sellMinor;
      if (quote.buyCurrency === functional) paid -= quote.buyMinor;
    }
    found.equal(report.resultMinor, report.valueMinor + paid, 'the result is what is held and what was paid', date);
  }

  /** Mostly other terms; now and then terms that cannot be. */
  private async changeDesk(): Promise<void> {
    const { random } = this.books;
    const wrong = random.pick<Partial<Desk>>([
      { functionalCurrency: 'USD' },
      { quoteSeconds: 0 },
      { quoteSeconds: 86_401 },
      { maximumRateAgeDays: -1 },
      { spreadBasisPoints: '10000' },
      { spreadBasisPoints: '-1' },
      { rateSource: '' },
    ]);
    await this.configure({ ...this.model.desk, ...someTerms(random), ...(random.chance(0.3) ? wrong : {}) });
  }

  private async configure(desk: Desk): Promise<void> {
    const { db, exchange, book } = this.books;
    const real = () => db.transaction((tx) => exchange.configure(tx, book, desk));
    await this.both('a desk', desk, real, () => this.model.configure(desk));
  }
}

/** When it was recorded, only the other side can tell. */
function withoutInstant<Kept extends { readonly recordedAt: string }>({ recordedAt: _, ...rest }: Kept) {
  return rest;
}
