/**
 * The people and companies of the bank as compact arrays: what a day of business looks up. Names, numbers and addresses
 * are not kept; they follow from the seed when they are written (`names.ts`, `numbers.ts`).
 */
import { jobs, trades, Wheel } from '../data/tables.ts';
import type { Parameters } from '../parameters/load.ts';
import { Draws, hash, share, stream } from '../random.ts';
import { type Contacts, drawContacts } from './contacts.ts';

/** Where a person's income comes from, instead of a company's number. */
export const employer = { none: -1, outside: -2, bank: -3, pension: -4, family: -5, self: -6 } as const;

export interface Population {
  readonly parameters: Parameters;
  readonly seed: number;
  readonly persons: number;
  readonly companies: number;
  /** Persons first, then companies; the number of a customer is also that of the customer's account. */
  readonly customers: number;
  /** For each district the number of its first person; one more entry at the end. The same for companies. */
  readonly firstPerson: Uint32Array;
  readonly firstCompany: Uint32Array;
  readonly district: Uint16Array;
  /** Household, village or dormitory: who lives together shares the number. */
  readonly address: Uint32Array;
  /** Number of the phone a person uses: the own number, or that of the head of the household. */
  readonly device: Uint32Array;
  readonly age: Uint8Array;
  readonly job: Uint8Array;
  /** Number of the company (from 0), or one of {@link employer}. */
  readonly worksFor: Int32Array;
  /** Typical income of a month in whole yuan: a scale to draw from, no amount of money. */
  readonly incomeYuan: Float32Array;
  readonly paymentRate: Float32Array;
  readonly dormant: Uint8Array;
  /** Number of the loan, or -1. */
  readonly loanOf: Int32Array;
  readonly borrowers: Uint32Array;
  readonly trade: Uint8Array;
  /** 0 to 1: 1 is the largest company of its district. */
  readonly companySize: Float32Array;
  readonly payrollYuan: Float64Array;
  readonly contacts: Contacts;
  /** Persons who work for the bank at a counter, by branch. */
  readonly staff: Uint32Array;
  readonly branches: number;
}

export function buildPopulation(parameters: Parameters): Population {
  const { seed, customers, districts } = parameters;
  const companies = Math.max(districts, Math.round(customers * parameters.company_share));
  const persons = customers - companies;
  const firstPerson = blocks(persons, districts, seed);
  const firstCompany = blocks(companies, districts, seed);
  const district = new Uint16Array(customers);
  for (let one = 0; one < districts; one += 1) {
    district.fill(one, firstPerson[one], firstPerson[one + 1]);
    district.fill(one, persons + (firstCompany[one] ?? 0), persons + (firstCompany[one + 1] ?? 0));
  }
  const { address, device } = drawHouseholds(parameters, customers, persons, firstPerson);
  const firms = drawCompanies(seed, companies, firstCompany);
  const people = drawPeople(parameters, persons, district, firstCompany);
  const payrollYuan = new Float64Array(companies);
  for (let person = 0; person < persons; person += 1) {
    const company = people.worksFor[person] ?? employer.none;
    if (company >= 0) payrollYuan[company] = (payrollYuan[company] ?? 0) + (people.incomeYuan[person] ?? 0);
  }
  const borrowing: number[] = [];
  const loanOf = new Int32Array(persons).fill(-1);
  for (let person = 0; person < persons; person += 1) {
    if (people.dormant[person] === 1 || share(seed, stream.loan, person) >= parameters.borrower_share) continue;
    loanOf[person] = borrowing.length;
    borrowing.push(person);
  }
  return {
    parameters,
    seed,
    persons,
    companies,
    customers,
    firstPerson,
    firstCompany,
    district,
    address,
    device,
    ...people,
    loanOf,
    borrowers: Uint32Array.from(borrowing),
    ...firms,
    payrollYuan,
    contacts: drawContacts(seed, firstPerson, people.dormant),
    staff: Uint32Array.from(people.staff),
    branches: districts * parameters.branches_per_district,
  };
}

/** Divides `total` among districts of different sizes; each gets at least one. */
function blocks(total: number, districts: number, seed: number): Uint32Array {
  const weights = Array.from({ length: districts }, (_, one) => 0.4 + share(seed, stream.address, one, 99));
  const sum = weights.reduce((left, right) => left + right, 0);
  const starts = new Uint32Array(districts + 1);
  let run = 0;
  for (let one = 0; one < districts; one += 1) {
    run += weights[one] ?? 0;
    starts[one + 1] = Math.max((starts[one] ?? 0) + 1, Math.round((run / sum) * total));
  }
  starts[districts] = total;
  return starts;
}

/** Neighbours in number live together: as households, and now and then as a village or a dormitory. */
function drawHouseholds(parameters: Parameters, customers: number, persons: number, firstPerson: Uint32Array) {
  const { seed, household_people: sizes } = parameters;
  const address = new Uint32Array(customers);
  const device = new Uint32Array(customers);
  const crowd = parameters.shared_address_people;
  // A crowd takes the place of that many households, so fewer of them are needed for the same share of people.
  const meanSize = sizes.reduce((left, right) => left + right, 0) / sizes.length;
  const crowdChance = (parameters.shared_address_share * meanSize) / crowd;
  const draws = new Draws();
  for (let one = 0; one + 1 < firstPerson.length; one += 1) {
    const end = firstPerson[one + 1] ?? 0;
    for (let head = firstPerson[one] ?? 0; head < end; ) {
      draws.seed(seed, stream.household, head);
      const isCrowd = draws.chance(crowdChance);
      const people = isCrowd ? Math.round(crowd * (0.5 + draws.unit())) : (sizes[draws.below(sizes.length)] ?? 1);
      const last = Math.min(end, head + Math.max(1, people));
      const sharesDevice = !isCrowd && draws.chance(parameters.shared_device_share);
      for (let person = head; person < last; person += 1) {
        address[person] = head;
        device[person] = sharesDevice ? head : person;
      }
      head = last;
    }
  }
  for (let company = persons; company < customers; company += 1) {
    address[company] = company;
    device[company] = company;
  }
  return { address, device };
}

function drawCompanies(seed: number, companies: number, firstCompany: Uint32Array) {
  const trade = new Uint8Array(companies);
  const companySize = new Float32Array(companies);
  const wheel = new Wheel(trades.map((one) => one.share));
  for (let one = 0; one + 1 < firstCompany.length; one += 1) {
    const from = firstCompany[one] ?? 0;
    const end = firstCompany[one + 1] ?? 0;
    for (let company = from; company < end; company += 1) {
      trade[company] = wheel.at(share(seed, stream.company, company));
      companySize[company] = 1 / (1 + (company - from) * 0.25) ** 0.7;
    }
  }
  return { trade, companySize };
}

function drawPeople(parameters: Parameters, persons: number, district: Uint16Array, firstCompany: Uint32Array) {
  const { seed, rates } = parameters;
  const age = new Uint8Array(persons);
  const job = new Uint8Array(persons);
  const worksFor = new Int32Array(persons);
  const incomeYuan = new Float32Array(persons);
  const paymentRate = new Float32Array(persons);
  const dormant = new Uint8Array(persons);
  const staff: number[] = [];
  const wheel = new Wheel(jobs.map((one) => one.share));
  const draws = new Draws();
  for (let person = 0; person < persons; person += 1) {
    draws.seed(seed, stream.person, person);
    const years = Math.min(92, Math.max(16, Math.round(16 + 66 * draws.unit() ** 1.15)));
    age[person] = years;
    let chosen = wheel.at(draws.unit());
    for (let turn = 0; turn < 4 && !fits(chosen, years); turn += 1) chosen = wheel.at(draws.unit());
    job[person] = chosen;
    const work = jobs[chosen];
    const inside = draws.chance(parameters.employed_inside_share);
    const retired = years > 60 && !fits(chosen, years);
    const yuan =
      (retired ? parameters.medians_yuan.pension : (work?.incomeYuan ?? 4000)) *
      Math.exp(draws.normal() * (work?.spread ?? 0.4));
    incomeYuan[person] = Math.round(yuan);
    const one = district[person] ?? 0;
    const from = firstCompany[one] ?? 0;
    const count = (firstCompany[one + 1] ?? 0) - from;
    const company = from + Math.floor(count * draws.unit() ** 2.2);
    worksFor[person] = retired ? employer.pension : placeOfWork(work?.employer, inside, company);
    // At least one teller for every branch of a small bank, whoever it is.
    if (work?.employer === 'bank' && !retired) staff.push(person);
    dormant[person] = draws.chance(parameters.dormant_share) ? 1 : 0;
    const spread = rates.payments_spread;
    const youth = years < 35 ? 1.35 : years < 60 ? 1 : 0.45;
    const active = rates.payments_per_day * youth * Math.exp(draws.normal() * spread - (spread * spread) / 2);
    paymentRate[person] = dormant[person] === 1 ? 0 : Math.min(active, 15);
  }
  if (staff.length === 0) staff.push(hash(seed, stream.staff) % persons);
  return { age, job, worksFor, incomeYuan, paymentRate, dormant, staff };
}

function fits(chosen: number, years: number): boolean {
  const work = jobs[chosen];
  return work !== undefined && years >= work.youngest && years <= work.oldest;
}

function placeOfWork(kindOfEmployer: string | undefined, inside: boolean, company: number): number {
  if (kindOfEmployer === 'company') return inside ? company : employer.outside;
  if (kindOfEmployer === 'bank') return employer.bank;
  if (kindOfEmployer === 'self') return employer.self;
  if (kindOfEmployer === 'family') return employer.family;
  return employer.outside;
}
