/** Writes who and what there is before the first day: parties, accounts, relations, branches, staff. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Sink } from '../bank.ts';
import type { World } from '../business/world.ts';
import { jobs, trades } from '../data/tables.ts';
import { idText, space } from '../ids.ts';
import { type BankAccount, bankAccounts } from '../population/bank-accounts.ts';
import {
  addressText,
  birthDate,
  companyName,
  districtName,
  isMale,
  personName,
  residentNumber,
} from '../population/names.ts';
import { creditCode, divisionCode, phoneNumber } from '../population/numbers.ts';
import { relations } from '../population/relations.ts';
import { type Format, RecordWriter } from './record-writer.ts';

/** The layout of `longmen import parties`. */
const PARTY = [
  'external_key',
  'kind',
  'name',
  'birth_date',
  'sex',
  'identifier_kind',
  'identifier',
  'mobile',
  'division_code',
  'address',
];
const PROFILE = ['party_id', 'district', 'occupation', 'device_id'];
const ACCOUNT = ['id', 'party_id', 'code', 'side', 'currency', 'name', 'minimum'];

/** Writes `parties`, `profiles`, `accounts`, `relations`, `branches` and `staff` into a folder. */
export function populationFiles(folder: string, format: Format): Sink {
  mkdirSync(folder, { recursive: true });
  const write = (name: string, columns: readonly string[], rows: Iterable<readonly string[]>) => {
    const writer = new RecordWriter(join(folder, `${name}.${format}`), columns, format);
    for (const row of rows) {
      for (const [index, value] of row.entries()) {
        writer.field(index);
        writer.text(value);
      }
      writer.end();
    }
    writer.close();
  };
  return {
    open(world) {
      write('parties', PARTY, partyRows(world));
      write('profiles', PROFILE, profileRows(world));
      write('accounts', ACCOUNT, accountRows(world));
      write('relations', ['from_party_id', 'relation', 'to_party_id', 'percent'], relationRows(world));
      write('branches', ['branch', 'name', 'district'], branchRows(world));
      write('staff', ['operator_id', 'party_id', 'branch'], staffRows(world));
    },
    day() {},
    close() {},
  };
}

function* partyRows({ population }: World): Generator<string[]> {
  const { seed, persons, customers, district } = population;
  for (let customer = 0; customer < customers; customer += 1) {
    const isPerson = customer < persons;
    const company = customer - persons;
    const place = district[customer] ?? 0;
    const male = isPerson && isMale(population, customer);
    const born = isPerson ? birthDate(population, customer) : '';
    yield [
      idText(seed, space.party, customer),
      isPerson ? 'person' : 'organisation',
      isPerson ? personName(population, customer) : companyName(population, company),
      born,
      isPerson ? (male ? 'male' : 'female') : '',
      isPerson ? 'resident_id' : 'unified_social_credit_code',
      isPerson ? residentNumber(population, customer) : creditCode(place, company),
      phoneNumber(seed, customer),
      divisionCode(place),
      addressText(population, customer),
    ];
  }
}

function* profileRows({ population }: World): Generator<string[]> {
  const { seed, persons, customers, district, device, job, trade } = population;
  for (let customer = 0; customer < customers; customer += 1) {
    const isPerson = customer < persons;
    yield [
      idText(seed, space.party, customer),
      districtName(district[customer] ?? 0),
      (isPerson ? jobs[job[customer] ?? 0]?.nameZh : trades[trade[customer - persons] ?? 0]?.nameZh) ?? '',
      isPerson ? idText(seed, space.device, device[customer] ?? customer) : '',
    ];
  }
}

function* accountRows(world: World): Generator<string[]> {
  for (const account of bankAccounts(world)) yield accountRow(account);
}

function accountRow({ id, partyId, code, side, name, isCustomer }: BankAccount): string[] {
  return [id, partyId ?? '', code, side, 'CNY', name, isCustomer ? '0.00' : ''];
}

function* relationRows(world: World): Generator<string[]> {
  const { seed } = world.population;
  for (const { from, relation, to, percent } of relations(world)) {
    yield [
      idText(seed, space.party, from),
      relation,
      idText(seed, space.party, to),
      percent === undefined ? '' : String(percent),
    ];
  }
}

function* branchRows({ population }: World): Generator<string[]> {
  const { branches_per_district: perDistrict } = population.parameters;
  for (let branch = 0; branch < population.branches; branch += 1) {
    const place = districtName(Math.floor(branch / perDistrict));
    yield [String(branch + 1), `${place}第${(branch % perDistrict) + 1}支行`, place];
  }
}

function* staffRows({ population }: World): Generator<string[]> {
  const { seed, staff, branches } = population;
  const perBranch = Math.max(1, Math.floor(staff.length / branches));
  for (const [number, person] of staff.entries()) {
    const branch = (Math.floor(number / perBranch) % branches) + 1;
    yield [idText(seed, space.operator, number), idText(seed, space.party, person), String(branch)];
  }
}
