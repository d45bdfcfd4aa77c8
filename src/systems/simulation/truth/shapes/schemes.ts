/** Shapes with a story: limits kept under, money that does not stay, shared phones, people deceived, insiders. */
import { fenOf } from '../../business/amounts.ts';
import { type Loan, loanOf } from '../../business/house.ts';
import { textOf } from '../../data/tables.ts';
import { channel, kind, NONE } from '../../vocabulary.ts';
import type { Draft, Moment } from '../draft.ts';
import { gather, isLater } from './flows.ts';

/** Payments that stay just under a reporting limit: cash for individuals, transfers where the limit is higher. */
export function structuring(draft: Draft): void {
  const { draws, typology } = draft;
  const limits = typology.limits_yuan;
  const limit = limits.length === 0 ? 50_000 : (limits[draws.below(limits.length)] ?? 50_000);
  const isCash = limit <= 50_000;
  for (let hubs = draws.between(typology.members); hubs > 0; hubs -= 1) {
    const { persons, companies } = draft.world.population;
    // What stays under the higher limits is business between companies.
    const hub = draft.join(isCash ? draft.anyone() : persons + draws.below(companies), 'hub');
    let total = 0n;
    let last: Moment = { day: draft.today, second: 0 };
    for (let round = draws.between(typology.rounds); round > 0; round -= 1) {
      const amountMinor = fenOf(limit * draws.within(typology.limit_band), 100);
      const from = isCash ? draft.till(hub) : draft.outside();
      const step = draft.pay(from, hub, draft.someDay(), { amountMinor });
      if (step === undefined) continue;
      total += step.amountMinor;
      if (isLater(step, last)) last = step;
    }
    draft.leave(hub, total, last);
  }
}

/** Money from outside or from people that leaves again within minutes, again and again. */
export function passThrough(draft: Draft): void {
  const { draws, typology } = draft;
  for (let hubs = draws.between(typology.members); hubs > 0; hubs -= 1) {
    const hub = draft.join(draft.anyone(), 'hub');
    for (let round = draws.between(typology.rounds); round > 0; round -= 1) {
      const from = draws.chance(0.3) ? draft.outside() : draft.join(draft.acquaintance(hub), 'bystander');
      const step = draft.pay(from, hub, draft.someDay());
      if (step !== undefined) draft.leave(hub, step.amountMinor, step);
    }
  }
}

/** Several accounts worked from few phones: money comes in to each, and leaves through shops or one of them. */
export function network(draft: Draft): void {
  const { draws, typology } = draft;
  const { population } = draft.world;
  const hub = draft.join(draft.stranger(), 'hub');
  const phone = population.device[hub] ?? NONE;
  for (let members = draws.between(typology.members); members > 0; members -= 1) {
    const mule = draft.join(neighbour(draft, hub), 'member');
    const device = draws.chance(typology.shared_device_share) ? phone : undefined;
    for (let round = draws.between(typology.rounds); round > 0; round -= 1) {
      const payer = draft.join(draft.stranger(), 'bystander');
      const step = draft.pay(payer, mule, draft.someDay());
      if (step === undefined) continue;
      if (draws.chance(0.35)) {
        draft.pay(mule, hub, step.day, { at: draft.soon(step), amountMinor: draft.passedOn(step.amountMinor), device });
      } else {
        draft.leave(mule, step.amountMinor, step, { device });
      }
    }
  }
}

/** Somebody who lives at the same place, if more do. */
function neighbour(draft: Draft, person: number): number {
  const { address, persons } = draft.world.population;
  const home = address[person] ?? person;
  for (let attempt = 0; attempt < 8; attempt += 1) {
    const found = home + draft.draws.below(40);
    if (found < persons && address[found] === home && !draft.members.some(({ account }) => account === found))
      return found;
  }
  return draft.acquaintance(person);
}

/** Many small payments to one collector, more of them at night; some get something back. */
export function collection(draft: Draft): void {
  const { draws, typology } = draft;
  const { population } = draft.world;
  const hub = draft.join(population.persons + draws.below(population.companies), 'hub');
  for (let round = draws.between(typology.rounds); round > 0; round -= 1) {
    gather(draft, hub, draws.between(typology.members), 'bystander', typology.night_share);
  }
}

/** Somebody is talked into paying strangers, several times, until little is left; the money leaves at once. */
export function deception(draft: Draft): void {
  const { draws, typology } = draft;
  const { balances } = draft.world;
  // Who has more loses more: the richest of a few.
  let victim = draft.stranger();
  for (let turn = 0; turn < 3; turn += 1) {
    const other = draft.stranger();
    if (balances.of(other) > balances.of(victim)) victim = other;
  }
  draft.join(victim, 'victim');
  const mules = Array.from({ length: Math.max(1, draws.between(typology.members)) }, () =>
    draft.join(draft.anyone(victim), 'member'),
  );
  let when: Moment | undefined;
  for (let round = draws.between(typology.rounds); round > 0; round -= 1) {
    const mule = mules[draws.below(mules.length)] ?? victim;
    const step = draft.pay(victim, mule, when?.day ?? draft.today, when === undefined ? {} : { at: draft.soon(when) });
    if (step === undefined) continue;
    when = step;
    if (draws.chance(0.5)) draft.leave(mule, step.amountMinor, step);
  }
}

/** A new phone appears and pays: shops, and some people. */
export function takeover(draft: Draft): void {
  const { draws, typology } = draft;
  const owner = draft.join(draft.stranger(), 'victim');
  const device = draft.freshDevice();
  const receivers = Array.from({ length: Math.max(1, draws.between(typology.members)) }, () =>
    draft.join(draft.acquaintance(owner), 'member'),
  );
  let when: Moment | undefined;
  for (let round = draws.between(typology.rounds); round > 0; round -= 1) {
    const toShop = draws.chance(typology.company_share);
    const to = toShop ? draft.shop(owner, when?.second ?? 43_200) : (receivers[draws.below(receivers.length)] ?? owner);
    const later = draws.chance(0.2) ? draft.someDay() : undefined;
    const wish = when === undefined || later !== undefined ? { after: when } : { at: draft.soon(when) };
    const step = draft.pay(owner, to, later ?? draft.today, { ...wish, device });
    if (step !== undefined && (when === undefined || isLater(step, when))) when = step;
  }
}

/** An account without any life begins to receive and to pay. */
export function awakening(draft: Draft): void {
  const { draws, typology } = draft;
  const { dormant, persons } = draft.world.population;
  let hub = draft.stranger();
  for (let attempt = 0; attempt < 400; attempt += 1) {
    const found = draws.below(persons);
    if (dormant[found] !== 1) continue;
    hub = found;
    break;
  }
  draft.join(hub, 'hub');
  const payers = Array.from({ length: draws.between(typology.members) }, () => draft.join(draft.anyone(), 'bystander'));
  for (let round = draws.between(typology.rounds); round > 0; round -= 1) {
    const from = payers[draws.below(Math.max(1, payers.length))] ?? draft.outside();
    const step = draft.pay(from, hub, draft.someDay());
    if (step === undefined) continue;
    if (draws.chance(typology.company_share)) {
      const at = draft.soon(step);
      draft.pay(hub, draft.shop(hub, at.second), at.day, { at });
    } else draft.leave(hub, step.amountMinor, step);
  }
}

/** A loan here and others elsewhere within days; the money goes, and repayments may not come. */
export function loanStacking(draft: Draft): void {
  const { draws, typology } = draft;
  const { population, accounts } = draft.world;
  const number = draws.below(Math.max(1, population.borrowers.length));
  const borrower = draft.join(population.borrowers[number] ?? draft.stranger(), 'hub');
  const loan: Loan = loanOf(draft.world, number);
  let last: Moment = { day: draft.today, second: 10 * 3600 + draws.below(6 * 3600) };
  draft.steps.push({
    ...last,
    pattern: draft.number,
    from: accounts.firstLoan + number,
    to: borrower,
    amountMinor: loan.principalMinor / 4n > 0n ? loan.principalMinor / 4n : loan.principalMinor,
    kind: kind.loan_disbursement,
    text: textOf(kind.loan_disbursement, draws.unit()),
    channel: channel.batch,
    device: NONE,
    operator: NONE,
  });
  let total = loan.principalMinor / 4n;
  for (let others = draws.between(typology.members); others > 0; others -= 1) {
    const step = draft.pay(draft.outside(), borrower, draft.someDay());
    if (step === undefined) continue;
    total += step.amountMinor;
    if (isLater(step, last)) last = step;
  }
  for (let round = draws.between(typology.rounds); round > 0; round -= 1) {
    const shopping = draws.chance(typology.company_share);
    const to = shopping ? draft.shop(borrower, 50_000) : draft.join(draft.acquaintance(borrower), 'receiver');
    draft.pay(borrower, to, draft.someDay());
  }
  draft.leave(borrower, total / 2n, last);
}

/** A teller moves money of old or silent customers, over the own counter, to somebody close. */
export function insider(draft: Draft): void {
  const { draws, typology } = draft;
  const { staff, age, persons } = draft.world.population;
  const operator = draws.below(Math.max(1, staff.length));
  const teller = draft.join(staff[operator] ?? draft.stranger(), 'insider');
  const friend = draft.join(draft.acquaintance(teller), 'receiver');
  for (let members = draws.between(typology.members); members > 0; members -= 1) {
    let owner = draft.stranger();
    for (let attempt = 0; attempt < 60 && (age[owner] ?? 0) < 62; attempt += 1) owner = draws.below(persons);
    draft.join(owner, 'victim');
    for (let round = draws.between(typology.rounds); round > 0; round -= 1) {
      const to = draws.chance(typology.company_share) ? draft.shop(owner, 43_200) : friend;
      const step = draft.pay(owner, to, draft.someDay(), draws.chance(0.5) ? { operator } : {});
      if (step !== undefined && to === friend) draft.leave(friend, step.amountMinor, step);
    }
  }
}
