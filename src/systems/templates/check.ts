/** What is wrong with a template, found before it is published: nothing that only depends on its text fails later. */
import { currencyExponent, isCurrency, parseAmountMinor } from '#kernel/money';
import { fraction } from './amounts.ts';
import {
  type AccountReference,
  type Amount,
  accountsOf,
  type Definition,
  isSplit,
  type Leg,
  type Named,
  namesOf,
  type Operand,
  operandsOf,
  placeholdersOf,
  type Rate,
  type SideReference,
  type Split,
} from './definition.ts';
import { readValue } from './values.ts';

export const findingCodes = [
  'name_twice',
  'name_unknown',
  'name_wrong_kind',
  'goes_round',
  'parameter_unused',
  'amount_unused',
  'default_invalid',
  'fixed_amount_invalid',
  'currency_mismatch',
  'percent_above_100',
  'percent_below_100',
  'weights_zero',
  'remainder_twice',
  'remainder_missing',
  'shares_mixed',
  'side_missing',
  'accounts_same',
  'source_twice',
  'placeholder_malformed',
] as const;
export type FindingCode = (typeof findingCodes)[number];

export interface Finding {
  readonly code: FindingCode;
  /** Where, such as `postings.0.parts.1`. */
  readonly path: string;
  readonly message: string;
}

/** All that is wrong with a definition; empty when it may be published. */
export function check(definition: Definition): Finding[] {
  const checker = new Checker(definition);
  checker.run();
  return checker.findings;
}

type Kind = 'amount' | 'account' | 'rate' | 'text' | 'date';

class Checker {
  readonly findings: Finding[] = [];
  private readonly definition: Definition;
  private readonly names = new Map<string, Named>();
  private readonly used = new Set<string>();

  constructor(definition: Definition) {
    this.definition = definition;
  }

  run(): void {
    const { definition } = this;
    for (const [name, named, path] of namesOf(definition)) {
      if (this.names.has(name)) this.find('name_twice', path, `'${name}' is the name of something else already`);
      else this.names.set(name, named);
    }
    for (const [name, parameter] of Object.entries(definition.parameters)) this.parameter(name, parameter);
    for (const [name, amount] of Object.entries(definition.amounts)) this.amount(amount, `amounts.${name}`);
    for (const [at, posting] of definition.postings.entries()) {
      if (isSplit(posting)) this.split(posting, `postings.${at}`);
      else this.leg(posting, `postings.${at}`);
    }
    if (definition.effective_date !== undefined) this.use(definition.effective_date, 'date', 'effective_date');
    this.texts(definition, '');
    this.rounds();
    for (const [name, named] of this.names) {
      if (this.used.has(name) || named.kind === 'part') continue;
      if (named.kind === 'parameter') {
        this.find('parameter_unused', `parameters.${name}`, `Nothing uses the parameter '${name}'`);
      } else if (Object.hasOwn(definition.amounts, name)) {
        this.find('amount_unused', `amounts.${name}`, `Nothing uses the amount '${name}'`);
      }
    }
  }

  private find(code: FindingCode, path: string, message: string): void {
    this.findings.push({ code, path, message });
  }

  private parameter(name: string, parameter: Definition['parameters'][string]): void {
    const path = `parameters.${name}`;
    if (parameter.type === 'amount' && parameter.currency !== undefined && !isCurrency(parameter.currency)) {
      this.find('fixed_amount_invalid', path, `'${parameter.currency}' is no known ISO 4217 currency`);
      return;
    }
    if (parameter.default === undefined) return;
    const read = readValue(parameter, parameter.default);
    if (typeof read === 'string') this.find('default_invalid', path, `The default of '${name}' ${read}`);
  }

  private kindOf(named: Named): Kind {
    return named.kind === 'parameter' ? named.parameter.type : 'amount';
  }

  private use(name: string, wanted: Kind, path: string): boolean {
    this.used.add(name);
    const named = this.names.get(name);
    if (named === undefined) {
      const near = nearest(
        name,
        [...this.names].filter(([, each]) => this.kindOf(each) === wanted).map(([key]) => key),
      );
      const hint = near === undefined ? '' : `; did you mean '${near}'?`;
      this.find('name_unknown', path, `There is no ${wanted} '${name}'${hint}`);
      return false;
    }
    const kind = this.kindOf(named);
    if (kind !== wanted) this.find('name_wrong_kind', path, `'${name}' is ${article(kind)}, not ${article(wanted)}`);
    return kind === wanted;
  }

  private operand(operand: Operand, path: string): void {
    if (typeof operand === 'string') this.use(operand, 'amount', path);
    else if (!isCurrency(operand.currency)) {
      this.find('fixed_amount_invalid', path, `'${operand.currency}' is no known ISO 4217 currency`);
    } else if (!parseAmountMinor(operand.fixed, operand.currency).ok) {
      const decimals = currencyExponent(operand.currency);
      this.find(
        'fixed_amount_invalid',
        path,
        `"${operand.fixed}" is no amount of ${operand.currency}, which has ${decimals} decimals`,
      );
    }
  }

  private amount(amount: Amount, path: string): void {
    const operands = operandsOf(amount);
    for (const operand of operands) this.operand(operand, path);
    if (typeof amount === 'object' && 'percent' in amount) this.rate(amount.percent, path);
    this.sameCurrency(operands, path);
  }

  private rate(rate: Rate, path: string): void {
    if (typeof rate === 'object') this.use(rate.parameter, 'rate', path);
  }

  private sameCurrency(amounts: readonly Amount[], path: string): void {
    const currencies = new Set<string>();
    for (const amount of amounts) {
      const currency = this.currencyOf(amount, new Set());
      if (currency !== undefined) currencies.add(currency);
    }
    if (currencies.size > 1) {
      this.find('currency_mismatch', path, `Amounts of ${[...currencies].join(' and ')} cannot be put together`);
    }
  }

  /** The currency of an amount where the text fixes it. */
  private currencyOf(amount: Amount, seen: Set<string>): string | undefined {
    for (const operand of operandsOf(amount)) {
      if (typeof operand === 'object') return operand.currency;
      if (seen.has(operand)) continue;
      seen.add(operand);
      const named = this.names.get(operand);
      if (named === undefined) continue;
      const found =
        named.kind === 'amount'
          ? this.currencyOf(named.amount, seen)
          : named.kind === 'part'
            ? this.currencyOf(named.split.whole, seen)
            : named.parameter.type === 'amount'
              ? named.parameter.currency
              : undefined;
      if (found !== undefined) return found;
    }
    return undefined;
  }

  private leg(leg: Leg, path: string): void {
    this.amount(leg.amount, path);
    this.sides(leg.debit, leg.credit, path);
    this.texts(leg, path);
  }

  private split(split: Split, path: string): void {
    this.amount(split.whole, path);
    this.texts(split, path);
    const percents: Rate[] = [];
    const weights: Rate[] = [];
    const amounts: Amount[] = [];
    let remainders = 0;
    for (const [index, part] of split.parts.entries()) {
      const at = `${path}.parts.${index}`;
      this.sides(part.debit ?? split.debit, part.credit ?? split.credit, at);
      this.texts(part, at);
      if (part.share === 'remainder') {
        remainders += 1;
        if (remainders > 1) this.find('remainder_twice', at, 'Another part takes the remainder already');
      } else if ('percent' in part.share) {
        percents.push(part.share.percent);
        this.rate(part.share.percent, at);
      } else if ('weight' in part.share) {
        weights.push(part.share.weight);
        this.rate(part.share.weight, at);
      } else {
        amounts.push(part.share.amount);
        this.amount(part.share.amount, at);
      }
    }
    this.sameCurrency([split.whole, ...amounts], path);
    if (weights.length > 0) {
      if (percents.length + amounts.length + remainders > 0) {
        this.find('shares_mixed', path, 'Weights divide all of the whole and go with no other kind of share');
      }
      if (sumOf(weights) === 0n) this.find('weights_zero', path, 'At least one weight must be above zero');
      return;
    }
    if (amounts.length > 0 && remainders === 0) {
      this.find('remainder_missing', path, 'Parts with an amount of their own need a part that takes the remainder');
    }
    const hundred = fraction('100', 18).units;
    const fixed = percents.filter((each) => typeof each === 'string');
    const sum = sumOf(fixed);
    if (sum !== undefined && sum > hundred) this.find('percent_above_100', path, 'The percentages are above 100');
    else if (
      remainders + amounts.length === 0 &&
      fixed.length === percents.length &&
      sum !== undefined &&
      sum < hundred
    ) {
      this.find('percent_below_100', path, 'The percentages are below 100 and no part takes the remainder');
    }
  }

  private sides(debit: SideReference | undefined, credit: SideReference | undefined, path: string): void {
    for (const [side, given] of [
      ['debit', debit],
      ['credit', credit],
    ] as const) {
      if (given === undefined) {
        this.find('side_missing', path, `Neither the part nor its split names the ${side} account`);
        continue;
      }
      const seen = new Set<string>();
      for (const account of accountsOf(given)) {
        if (typeof account === 'string') this.use(account, 'account', path);
        const key = keyOf(account);
        if (seen.has(key)) this.find('source_twice', path, `The ${side} names the source ${key} twice`);
        seen.add(key);
      }
    }
    if (debit === undefined || credit === undefined) return;
    const debits = new Set(accountsOf(debit).map(keyOf));
    const same = accountsOf(credit)
      .map(keyOf)
      .find((key) => debits.has(key));
    if (same !== undefined) this.find('accounts_same', path, `${same} is on both sides`);
  }

  private texts(
    texts: { type?: string | undefined; description?: string | undefined; reference?: string | undefined },
    path: string,
  ): void {
    for (const key of ['type', 'description', 'reference'] as const) {
      const text = texts[key];
      if (text === undefined) continue;
      const at = path === '' ? key : `${path}.${key}`;
      for (const name of placeholdersOf(text)) {
        this.used.add(name);
        if (this.names.has(name)) continue;
        const near = nearest(name, [...this.names.keys()]);
        this.find('name_unknown', at, `There is no '${name}'${near === undefined ? '' : `; did you mean '${near}'?`}`);
      }
      if (/[{}]/.test(text.replace(/\{[^{}]*\}/g, ''))) {
        this.find('placeholder_malformed', at, 'A brace stands alone; placeholders are {name}');
      }
    }
  }

  /** Amounts that need themselves. */
  private rounds(): void {
    const state = new Map<string, 'open' | 'done'>();
    const visit = (name: string, way: readonly string[]): void => {
      if (state.get(name) === 'done') return;
      if (state.get(name) === 'open') {
        const circle = [...way.slice(way.indexOf(name)), name].join(' -> ');
        this.find('goes_round', name, `An amount needs itself: ${circle}`);
        return;
      }
      state.set(name, 'open');
      for (const next of this.needs(name)) visit(next, [...way, name]);
      state.set(name, 'done');
    };
    for (const name of this.names.keys()) visit(name, []);
  }

  private needs(name: string): string[] {
    const named = this.names.get(name);
    if (named === undefined || named.kind === 'parameter') return [];
    const amounts =
      named.kind === 'amount'
        ? [named.amount]
        : [
            named.split.whole,
            ...named.split.parts.flatMap(({ share }) =>
              typeof share === 'object' && 'amount' in share ? [share.amount] : [],
            ),
          ];
    return amounts.flatMap((amount) => operandsOf(amount).filter((operand) => typeof operand === 'string'));
  }
}

/** The sum in 10^-18; undefined when a parameter decides. */
function sumOf(rates: readonly Rate[]): bigint | undefined {
  let sum = 0n;
  for (const rate of rates) {
    if (typeof rate === 'object') return undefined;
    sum += fraction(rate, 18).units;
  }
  return sum;
}

function keyOf(account: AccountReference): string {
  return typeof account === 'string' ? account : account.id.toLowerCase();
}

function article(kind: Kind): string {
  return kind === 'amount' || kind === 'account' ? `an ${kind}` : `a ${kind}`;
}

/** The name that differs in the fewest letters, when that is at most a third of them. */
function nearest(name: string, names: readonly string[]): string | undefined {
  let best: string | undefined;
  let least = Math.max(1, Math.floor(name.length / 3)) + 1;
  for (const each of names) {
    const distance = editDistance(name, each);
    if (distance < least) {
      least = distance;
      best = each;
    }
  }
  return best;
}

/** Levenshtein's distance. */
function editDistance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (const [at, letter] of [...left].entries()) {
    const next = [at + 1];
    for (const [index, other] of [...right].entries()) {
      const replaced = (row[index] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(replaced, (row[index + 1] ?? 0) + 1, (next[index] ?? 0) + 1));
    }
    row = next;
  }
  return row[right.length] ?? 0;
}
