/** From a template, its parameters and what is available, to the transfers it stands for. Pure: no I/O, no clock. */
import { type Account, available, MAX_BATCH, type Minor, type Side, type TransferInput } from '#engines/ledger';
import { invariant } from '#kernel/errors';
import type { Money } from '#kernel/money';
import { type Amounts, amountsOf, negative } from './amounts.ts';
import {
  type AccountReference,
  accountsOf,
  type Definition,
  fillIn,
  isSplit,
  type Leg,
  type SideReference,
} from './definition.ts';
import { templateError } from './errors.ts';
import { shownMoney, type Value } from './values.ts';

/** What an expansion needs to know of an account that is a source. Amounts in minor units. */
export interface AccountFacts {
  readonly id: string;
  readonly currency: string;
  readonly side: Side;
  readonly available: Minor;
  /** Its lower limit; null: none. */
  readonly minimum: Minor | null;
}

export function factsOf(account: Account): AccountFacts {
  const { id, currency, side, counters, limits } = account;
  return { id, currency, side, available: available(side, counters), minimum: limits.minimum };
}

export interface Expansion {
  /** One chain: all are posted or none. Amounts in minor units, all above zero. */
  readonly transfers: readonly TransferInput[];
  /** What the last of a leg's sources has too little for, by the facts given. The ledger decides. */
  readonly shortfalls: readonly { readonly accountId: string; readonly missing: Money }[];
}

/** The accounts whose facts an expansion needs: all that are sources. */
export function sourcesOf(definition: Definition, values: ReadonlyMap<string, Value>): string[] {
  const sides = definition.postings.flatMap((posting) =>
    isSplit(posting)
      ? [posting.debit, posting.credit, ...posting.parts.flatMap((part) => [part.debit, part.credit])]
      : [posting.debit, posting.credit],
  );
  const ids = sides.flatMap((side) =>
    typeof side === 'object' && 'sources' in side ? accountsOf(side).map((each) => accountId(each, values)) : [],
  );
  return [...new Set(ids)];
}

/**
 * The transfers of a template. `definition` must have passed its checks, `values` come from `readParameters`, and
 * `facts` cover {@link sourcesOf}. Legs whose amount is zero are left out. `idOf` gives the id of the transfer at a
 * place, from 0.
 *
 * Errors: `template_currency_mismatch`, `template_amount_negative`, `template_parts_exceed_whole`,
 * `template_parts_below_whole`, `template_nothing_to_post`, `template_too_many_transfers`, `template_text_too_long`,
 * `template_account_unknown`, `template_source_increases`, `allocation_weights_invalid`.
 */
export function expand(
  definition: Definition,
  values: ReadonlyMap<string, Value>,
  facts: ReadonlyMap<string, AccountFacts>,
  idOf: (index: number) => string,
): Expansion {
  const amounts = amountsOf(definition, values);
  const effectiveDate = definition.effective_date === undefined ? undefined : textOf(definition.effective_date, values);
  const sources = new Sources(facts, values, definition.pending);
  const transfers: TransferInput[] = [];
  for (const leg of legsOf(definition, amounts)) {
    const { money } = leg;
    if (money.amountMinor < 0n) throw negative(leg.name === undefined ? 'a leg' : `the leg '${leg.name}'`, money);
    for (const piece of sources.pieces(leg.debit, leg.credit, money)) {
      if (transfers.length === MAX_BATCH) {
        throw templateError('template_too_many_transfers', `One posting holds at most ${MAX_BATCH} transfers`);
      }
      transfers.push({
        id: idOf(transfers.length),
        ...(definition.pending ? { kind: 'pending' as const } : {}),
        debitAccountId: piece.debit,
        creditAccountId: piece.credit,
        amount: piece.amountMinor,
        currency: money.currency,
        ...(effectiveDate === undefined ? {} : { effectiveDate }),
        ...(definition.adjustment ? { adjustment: true } : {}),
        ...textsOf(leg, definition, values, amounts),
      });
    }
  }
  if (transfers.length === 0) throw templateError('template_nothing_to_post', 'All amounts come out zero');
  return {
    transfers: transfers.map((transfer, index) =>
      index === transfers.length - 1 ? transfer : { ...transfer, linked: true },
    ),
    shortfalls: sources.shortfalls,
  };
}

interface FlatLeg extends Pick<Leg, 'name' | 'debit' | 'credit' | 'type' | 'description' | 'reference'> {
  readonly money: Money;
}

function* legsOf(definition: Definition, amounts: Amounts): Generator<FlatLeg> {
  for (const posting of definition.postings) {
    if (!isSplit(posting)) {
      yield { ...posting, money: amounts.amount(posting.amount) };
      continue;
    }
    const moneys = amounts.parts(posting);
    for (const [index, part] of posting.parts.entries()) {
      const money = moneys[index];
      const debit = part.debit ?? posting.debit;
      const credit = part.credit ?? posting.credit;
      invariant(
        money !== undefined && debit !== undefined && credit !== undefined,
        'both_sides_of_every_part_are_checked',
      );
      yield {
        name: part.name,
        debit,
        credit,
        money,
        type: part.type ?? posting.type,
        description: part.description ?? posting.description,
        reference: part.reference ?? posting.reference,
      };
    }
  }
}

interface Piece {
  readonly debit: string;
  readonly credit: string;
  readonly amountMinor: bigint;
}

/** Knows what is left of each source while the transfers before are, in thought, already posted. */
class Sources {
  readonly shortfalls: { accountId: string; missing: Money }[] = [];
  private readonly facts: ReadonlyMap<string, AccountFacts>;
  private readonly values: ReadonlyMap<string, Value>;
  private readonly pending: boolean;
  private readonly left = new Map<string, Minor>();

  constructor(facts: ReadonlyMap<string, AccountFacts>, values: ReadonlyMap<string, Value>, pending: boolean) {
    this.facts = facts;
    this.values = values;
    this.pending = pending;
  }

  /** Lays what each debit account and each credit account gives side by side. */
  pieces(debit: SideReference, credit: SideReference, money: Money): Piece[] {
    const debits = this.draw('debit', debit, money);
    const credits = this.draw('credit', credit, money);
    const pieces: Piece[] = [];
    let left = debits.shift();
    let right = credits.shift();
    while (left !== undefined && right !== undefined) {
      const amountMinor = left.amountMinor < right.amountMinor ? left.amountMinor : right.amountMinor;
      pieces.push({ debit: left.id, credit: right.id, amountMinor });
      this.move('debit', left.id, amountMinor);
      this.move('credit', right.id, amountMinor);
      left.amountMinor -= amountMinor;
      right.amountMinor -= amountMinor;
      if (left.amountMinor === 0n) left = debits.shift();
      if (right.amountMinor === 0n) right = credits.shift();
    }
    return pieces;
  }

  private draw(
    side: Side,
    from: SideReference,
    { amountMinor, currency }: Money,
  ): { id: string; amountMinor: bigint }[] {
    if (amountMinor === 0n) return [];
    if (typeof from !== 'object' || !('sources' in from)) {
      return [{ id: accountId(from, this.values), amountMinor }];
    }
    const ids = from.sources.map((source) => accountId(source, this.values));
    const drawn = new Map<string, bigint>();
    let rest = amountMinor;
    for (const [index, id] of ids.entries()) {
      const fact = this.fact(id, side, currency);
      const left = (this.left.get(id) ?? fact.available) - (drawn.get(id) ?? 0n);
      if (index === ids.length - 1) {
        const missing = fact.minimum === null ? 0n : rest - (left - fact.minimum);
        if (rest > 0n && missing > 0n) {
          this.shortfalls.push({ accountId: id, missing: { amountMinor: missing, currency } as Money });
        }
        if (rest > 0n) drawn.set(id, (drawn.get(id) ?? 0n) + rest);
        break;
      }
      // Only the last source may use its overdraft; a minimum above zero binds all.
      const floor = fact.minimum !== null && fact.minimum > 0n ? fact.minimum : 0n;
      const given = left - floor < rest ? left - floor : rest;
      if (given <= 0n) continue;
      drawn.set(id, (drawn.get(id) ?? 0n) + given);
      rest -= given;
    }
    return [...drawn].map(([id, amount]) => ({ id, amountMinor: amount }));
  }

  private fact(id: string, side: Side, currency: string): AccountFacts {
    const fact = this.facts.get(id);
    if (fact === undefined) throw templateError('template_account_unknown', `No account ${id}`, { account_id: id });
    if (fact.currency !== currency) {
      throw templateError('template_currency_mismatch', `The source ${id} holds ${fact.currency}, not ${currency}`, {
        account_id: id,
      });
    }
    if (fact.side === side) {
      throw templateError(
        'template_source_increases',
        `Account ${id} grows on its ${side} side, so that a ${side} takes nothing from it`,
        { account_id: id },
      );
    }
    return fact;
  }

  private move(side: Side, id: string, amountMinor: bigint): void {
    const fact = this.facts.get(id);
    if (fact === undefined) return;
    const left = this.left.get(id) ?? fact.available;
    if (fact.side !== side) this.left.set(id, left - amountMinor);
    else if (!this.pending) this.left.set(id, left + amountMinor);
  }
}

function accountId(reference: AccountReference, values: ReadonlyMap<string, Value>): string {
  if (typeof reference === 'object') return reference.id.toLowerCase();
  const value = values.get(reference);
  invariant(value?.type === 'account', 'types_of_a_template_are_checked');
  return value.id;
}

function textOf(name: string, values: ReadonlyMap<string, Value>): string {
  const value = values.get(name);
  invariant(value !== undefined && 'text' in value, 'types_of_a_template_are_checked');
  return value.text;
}

const longest = { type: 64, description: 500, reference: 128 } as const;

function textsOf(
  leg: FlatLeg,
  definition: Definition,
  values: ReadonlyMap<string, Value>,
  amounts: Amounts,
): Partial<Record<keyof typeof longest, string>> {
  const shown = (name: string) => {
    const value = values.get(name);
    if (value === undefined || value.type === 'amount') return shownMoney(amounts.named(name));
    return value.type === 'account' ? value.id : value.text;
  };
  const texts: Partial<Record<keyof typeof longest, string>> = {};
  for (const key of ['type', 'description', 'reference'] as const) {
    const form = leg[key] ?? definition[key];
    if (form === undefined) continue;
    const text = fillIn(form, shown);
    if (text.length > longest[key]) {
      throw templateError('template_text_too_long', `The ${key} has more than ${longest[key]} characters`, {
        field: key,
      });
    }
    texts[key] = text;
  }
  return texts;
}
