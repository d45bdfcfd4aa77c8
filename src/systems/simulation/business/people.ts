/** A day of every person: payments, transfers, cash, wages, rent, bills, wealth products. */
import { type Day, payDays } from '../calendar/days.ts';
import { secondOf } from '../calendar/hours.ts';
import { textOf, trades } from '../data/tables.ts';
import { employer } from '../population/build.ts';
import { hash, mix, stream } from '../random.ts';
import { channel, kind } from '../vocabulary.ts';
import { asRoundAs, chosenFen, curveYuan, fenOf, heavyYuan, pricedFen } from './amounts.ts';
import type { DayBook } from './day-book.ts';
import { branchOf, tellerAt, type World } from './world.ts';

/** Adds what every person means to do on `day`. */
export function fillPeople(world: World, book: DayBook, day: Day): void {
  const { population, draws } = world;
  const { seed, persons, dormant, paymentRate, contacts } = population;
  const { rates } = population.parameters;
  for (let person = 0; person < persons; person += 1) {
    if (dormant[person] === 1) continue;
    draws.seed(seed, stream.personDay, person, day.index);
    for (let count = draws.poisson((paymentRate[person] ?? 0) * day.payments); count > 0; count -= 1) {
      pay(world, book, day, person);
    }
    const degree = (contacts.start[person + 1] ?? 0) - (contacts.start[person] ?? 0);
    const peers = draws.poisson(degree * rates.peer_transfers_per_contact_per_day * day.peers);
    for (let count = peers; count > 0; count -= 1) sendToPeer(world, book, day, person, degree);
    sometimes(world, book, day, person);
    byTheMonth(world, book, day, person);
  }
}

function pay(world: World, book: DayBook, day: Day, person: number): void {
  const { draws, population, merchants } = world;
  const second = secondOf(draws, 'payment', day.isBusinessDay);
  const company = merchants.pick(draws, person, second);
  const trade = trades[population.trade[company] ?? 0];
  const fen = pricedFen(draws, heavyYuan(draws, trade?.medianYuan ?? 40, trade?.spread ?? 0.8));
  const way = draws.chance((population.age[person] ?? 30) > 65 ? 0.3 : 0.05) ? channel.machine : channel.mobile;
  emit(world, book, person, second, person, population.persons + company, fen, kind.mobile_payment, way);
}

function sendToPeer(world: World, book: DayBook, day: Day, person: number, degree: number): void {
  const { draws, population } = world;
  const { contacts, parameters } = population;
  const other = contacts.to[(contacts.start[person] ?? 0) + draws.below(degree)] ?? person;
  const second = secondOf(draws, draws.chance(0.5) ? 'payment' : 'transfer', day.isBusinessDay);
  const { peer_mobile: mobile, transfer } = parameters.medians_yuan;
  if (draws.chance(0.55)) {
    const fen = chosenFen(draws, heavyYuan(draws, mobile, 1.1));
    emit(world, book, person, second, person, other, fen, kind.mobile_payment, channel.mobile);
    return;
  }
  const fen = chosenFen(draws, curveYuan(draws, 'outgoing_transfer', transfer));
  transferByChannel(world, book, day, person, second, other, fen, kind.transfer);
}

/** A transfer goes by phone, in the browser, or, when the counter is open, over the counter. */
function transferByChannel(
  world: World,
  book: DayBook,
  day: Day,
  person: number,
  second: number,
  to: number,
  fen: bigint,
  kindNumber: number,
): void {
  const { draws, population } = world;
  const unit = draws.unit();
  const counter = (population.age[person] ?? 30) > 60 ? 0.3 : 0.06;
  if (unit < counter) {
    const when = secondOf(draws, 'counter', day.isBusinessDay);
    emit(world, book, person, when, person, to, fen, kindNumber, channel.counter);
  } else {
    emit(world, book, person, second, person, to, fen, kindNumber, unit < counter + 0.1 ? channel.web : channel.mobile);
  }
}

/** What happens on no fixed day. */
function sometimes(world: World, book: DayBook, day: Day, person: number): void {
  const { draws, population, accounts } = world;
  const { rates, medians_yuan: medians } = population.parameters;
  const unit = draws.unit();
  // One draw decides about all the rare things: together they stay far below one a day.
  let from = 0;
  const falls = (rate: number) => {
    const hit = unit >= from && unit < from + rate;
    from += rate;
    return hit;
  };
  const bank = () => accounts.outside + draws.below(accounts.outsideBanks);
  if (falls(rates.cash_withdrawals_per_day)) cash(world, book, day, person, 'cash_withdrawal', medians.cash_withdrawal);
  else if (falls(rates.cash_deposits_per_day)) cash(world, book, day, person, 'cash_deposit', medians.cash_deposit);
  else if (falls(rates.incoming_per_day)) {
    const second = secondOf(draws, 'transfer', day.isBusinessDay);
    const fen = chosenFen(draws, curveYuan(draws, 'incoming_transfer', medians.incoming_transfer));
    emit(world, book, person, second, bank(), person, fen, kind.incoming_transfer, channel.batch);
  } else if (falls(rates.outgoing_per_day)) {
    const second = secondOf(draws, 'transfer', day.isBusinessDay);
    const fen = chosenFen(draws, curveYuan(draws, 'outgoing_transfer', medians.outgoing_transfer));
    transferByChannel(world, book, day, person, second, bank(), fen, kind.outgoing_transfer);
  } else if (falls(rates.wealth_purchases_per_day)) buyWealth(world, book, day, person);
  else if (falls(rates.wealth_redemption_per_day)) {
    const fen = asRoundAs((world.balances.wealthOf(person) * BigInt(50 + draws.below(51))) / 100n, 10_000n);
    if (fen === 0n) return;
    const second = secondOf(draws, 'transfer', day.isBusinessDay);
    emit(world, book, person, second, accounts.wealth, person, fen, kind.wealth_redemption, channel.mobile);
  }
}

function cash(
  world: World,
  book: DayBook,
  day: Day,
  person: number,
  what: 'cash_withdrawal' | 'cash_deposit',
  median: number,
): void {
  const { draws, accounts } = world;
  const fen = fenOf(curveYuan(draws, what, median), 100);
  // A machine pays out at most 20,000 yuan a day.
  const atCounter = fen > 2_000_000n || draws.chance(0.25);
  const second = secondOf(draws, atCounter ? 'counter' : 'machine', day.isBusinessDay);
  const till = accounts.cash + branchOf(world, person);
  const out = what === 'cash_withdrawal';
  const way = atCounter ? channel.counter : channel.machine;
  emit(world, book, person, second, out ? person : till, out ? till : person, fen, kind[what], way);
}

function buyWealth(world: World, book: DayBook, day: Day, person: number): void {
  const { draws, population, accounts, balances } = world;
  const reserve = fenOf((population.incomeYuan[person] ?? 0) * 1.5, 1);
  const spare = balances.of(person) - reserve;
  if (spare < 200_000n) return;
  const most = (spare * BigInt(30 + draws.below(60))) / 100n;
  const fen = most > 10_000_000n ? asRoundAs(most, 1_000_000n) : asRoundAs(most, 100_000n);
  const second = secondOf(draws, 'transfer', day.isBusinessDay);
  emit(world, book, person, second, person, accounts.wealth, fen, kind.wealth_purchase, channel.mobile);
}

/** Wages, rent, utilities, card bills, allowances: each on the person's own day of the month. */
function byTheMonth(world: World, book: DayBook, day: Day, person: number): void {
  const { population } = world;
  const personal = mix(population.seed ^ Math.imul(person + 1, 0x9e3779b1));
  const works = population.worksFor[person] ?? employer.none;
  if (works >= 0 || works === employer.outside || works === employer.bank || works === employer.pension) {
    const payer = works >= 0 ? hash(population.seed, stream.company, works, 5) : personal >>> 3;
    if (((day.payDayBits >>> (payer % payDays.length)) & 1) === 1) wages(world, book, day, person, works);
  } else if ((works === employer.self || works === employer.family) && (personal + day.index) % 9 === 0) {
    ownIncome(world, book, day, person, works);
  }
  const today = day.dayOfMonth;
  if (today === 1 + ((personal >>> 5) % 28) && (personal & 7) < 2) rent(world, book, day, person);
  if (today === 1 + ((personal >>> 9) % 28) || today === 1 + ((personal >>> 13) % 28))
    utilities(world, book, day, person);
  if (today === 1 + ((personal >>> 17) % 28) && ((personal >>> 22) & 7) < 2) cardBill(world, book, day, person);
}

function wages(world: World, book: DayBook, day: Day, person: number, works: number): void {
  const { draws, population, accounts } = world;
  const fen = fenOf((population.incomeYuan[person] ?? 3000) * (0.92 + draws.unit() * 0.2), 0.01);
  const second = secondOf(draws, 'batch', day.isBusinessDay);
  const outside = accounts.outside + (hash(population.seed, stream.company, person, 6) % accounts.outsideBanks);
  const payer = works >= 0 ? population.persons + works : works === employer.bank ? accounts.wages : outside;
  const what = works === employer.pension ? kind.pension : kind.salary;
  emit(world, book, person, second, payer, person, fen, what, channel.batch);
}

function ownIncome(world: World, book: DayBook, day: Day, person: number, works: number): void {
  const { draws, population, accounts } = world;
  const fen = chosenFen(draws, (population.incomeYuan[person] ?? 3000) * (0.15 + draws.unit() * 0.3));
  const second = secondOf(draws, 'transfer', day.isBusinessDay);
  const head = population.address[person] ?? person;
  const outside = accounts.outside + draws.below(accounts.outsideBanks);
  if (works === employer.family && head !== person) {
    emit(world, book, head, second, head, person, fen, kind.transfer, channel.mobile);
  } else {
    emit(world, book, person, second, outside, person, fen, kind.takings, channel.batch);
  }
}

function rent(world: World, book: DayBook, day: Day, person: number): void {
  const { draws, population } = world;
  const from = population.firstPerson[population.district[person] ?? 0] ?? 0;
  const end = population.firstPerson[(population.district[person] ?? 0) + 1] ?? population.persons;
  const landlord = from + (hash(population.seed, stream.contact, person, 7) % Math.max(1, end - from));
  const yuan =
    population.parameters.medians_yuan.rent * (0.5 + (hash(population.seed, stream.contact, person, 8) % 100) / 90);
  const second = secondOf(draws, 'transfer', day.isBusinessDay);
  emit(world, book, person, second, person, landlord, fenOf(yuan, 50), kind.rent, channel.mobile);
}

function utilities(world: World, book: DayBook, day: Day, person: number): void {
  const { draws, population, accounts } = world;
  const yuan = curveYuan(draws, 'household', population.parameters.medians_yuan.utilities);
  const second = secondOf(draws, draws.chance(0.4) ? 'batch' : 'payment', day.isBusinessDay);
  emit(world, book, person, second, person, accounts.utilities, fenOf(yuan, 0.01), kind.utilities, channel.mobile);
}

function cardBill(world: World, book: DayBook, day: Day, person: number): void {
  const { draws, population, accounts } = world;
  const fen = fenOf(heavyYuan(draws, population.parameters.medians_yuan.card_bill, 0.8), 0.01);
  const second = secondOf(draws, 'transfer', day.isBusinessDay);
  const bank = accounts.outside + (person % accounts.outsideBanks);
  emit(world, book, person, second, person, bank, fen, kind.card_bill, channel.mobile);
}

/** Adds a row with the device of `person` or a teller of their branch, as the channel has it. */
export function emit(
  world: World,
  book: DayBook,
  person: number,
  second: number,
  from: number,
  to: number,
  fen: bigint,
  kindNumber: number,
  way: number,
): void {
  const { draws, population } = world;
  const row = book.add(second, from, to, fen, kindNumber, textOf(kindNumber, draws.unit()), way);
  if (way === channel.mobile || way === channel.web) book.device[row] = population.device[person] ?? person;
  else if (way === channel.counter) book.operator[row] = tellerAt(world, branchOf(world, person));
}
