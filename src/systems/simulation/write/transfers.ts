/** Writes what happened: transfers in the layout of `longmen import transfers`, and how they came in beside them. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { SimulatedDay, Sink } from '../bank.ts';
import type { Opening } from '../business/house.ts';
import type { World } from '../business/world.ts';
import { texts } from '../data/tables.ts';
import { idText, internetAddress, space } from '../ids.ts';
import { channels, FIRST_FRESH_DEVICE, kinds, NONE } from '../vocabulary.ts';
import { type Format, RecordWriter } from './record-writer.ts';

const TRANSFER = [
  'id',
  'debit_account_id',
  'credit_account_id',
  'amount',
  'currency',
  'effective_date',
  'type',
  'description',
];
const CONTEXT = ['transfer_id', 'occurred_at', 'channel', 'device_id', 'ip_address', 'operator_id'];
const LOGIN = ['party_id', 'occurred_at', 'channel', 'device_id', 'ip_address'];

const encode = (words: readonly string[]) => words.map((word) => Buffer.from(word));
const CNY = Buffer.from('CNY');
const KINDS = encode(kinds);
const CHANNELS = encode(channels);
const TEXTS = encode(texts);
const OPENING = Buffer.from('opening_balance');

/** Writes `transfers`, `contexts`, `logins` and `opening_balances` into a folder. */
export function transferFiles(folder: string, format: Format): Sink {
  mkdirSync(folder, { recursive: true });
  const file = (name: string, columns: readonly string[]) =>
    new RecordWriter(join(folder, `${name}.${format}`), columns, format);
  const transfers = file('transfers', TRANSFER);
  const contexts = file('contexts', CONTEXT);
  const logins = file('logins', LOGIN);
  let world: World;
  let lastLogin = new Uint16Array(0);
  // The same accounts come again and again; most of an id's cost is saved by keeping its bytes while it is cheap.
  let accountIds: Uint8Array = new Uint8Array(0);

  const writeDay = ({ day, book, firstSerial }: SimulatedDay): void => {
    const { seed, customers, address, district } = world.population;
    const date = Buffer.from(day.date);
    const today = day.index + 1;
    for (let place = 0; place < book.settled; place += 1) {
      const row = book.order[place] ?? 0;
      const serial = firstSerial + place;
      const [payer, payee, second] = [book.payer[row] ?? 0, book.payee[row] ?? 0, book.second[row] ?? 0];
      transfers.field(0);
      transfers.uuid(seed, space.transfer, serial);
      transfers.field(1);
      transfers.bytes(accountIds.subarray(payer * 36, payer * 36 + 36));
      transfers.field(2);
      transfers.bytes(accountIds.subarray(payee * 36, payee * 36 + 36));
      transfers.field(3);
      transfers.yuan(book.amountMinor[row] ?? 0n);
      transfers.field(4);
      transfers.bytes(CNY);
      transfers.field(5);
      transfers.bytes(date);
      transfers.field(6);
      transfers.bytes(KINDS[book.kind[row] ?? 0] ?? CNY);
      transfers.field(7);
      transfers.bytes(TEXTS[book.text[row] ?? 0] ?? CNY);
      transfers.end();
      const way = CHANNELS[book.channel[row] ?? 0] ?? CNY;
      const device = book.device[row] ?? NONE;
      const operator = book.operator[row] ?? NONE;
      const owner = device < FIRST_FRESH_DEVICE ? device : payer;
      const ip =
        device === NONE || owner >= customers
          ? NONE
          : internetAddress(
              seed,
              device,
              device < FIRST_FRESH_DEVICE ? (address[owner] ?? 0) : device,
              district[owner] ?? 0,
              day.index,
              second,
            );
      contexts.field(0);
      contexts.uuid(seed, space.transfer, serial);
      contexts.field(1);
      contexts.moment(date, second);
      contexts.field(2);
      contexts.bytes(way);
      contexts.field(3);
      if (device !== NONE) contexts.uuid(seed, space.device, device);
      contexts.field(4);
      if (ip !== NONE) contexts.internetAddress(ip);
      contexts.field(5);
      if (operator !== NONE) contexts.uuid(seed, space.operator, operator);
      contexts.end();
      if (device === NONE || payer >= customers || (lastLogin[payer] === today && device < FIRST_FRESH_DEVICE))
        continue;
      lastLogin[payer] = today;
      logins.field(0);
      logins.uuid(seed, space.party, payer);
      logins.field(1);
      logins.moment(date, Math.max(0, second - 15));
      logins.field(2);
      logins.bytes(way);
      logins.field(3);
      logins.uuid(seed, space.device, device);
      logins.field(4);
      logins.internetAddress(ip);
      logins.end();
    }
  };

  return {
    open(given: World, openings: () => Iterable<Opening>) {
      world = given;
      const { seed, parameters, customers } = world.population;
      lastLogin = new Uint16Array(customers);
      accountIds = accountIdBytes(seed, world.accounts.count);
      const opening = file('opening_balances', TRANSFER);
      const date = Buffer.from(parameters.start);
      let serial = 0;
      for (const { payer, payee, amountMinor } of openings()) {
        opening.field(0);
        opening.uuid(seed, space.opening, serial);
        opening.field(1);
        opening.uuid(seed, space.account, payer);
        opening.field(2);
        opening.uuid(seed, space.account, payee);
        opening.field(3);
        opening.yuan(amountMinor);
        opening.field(4);
        opening.bytes(CNY);
        opening.field(5);
        opening.bytes(date);
        opening.field(6);
        opening.bytes(OPENING);
        opening.field(7);
        opening.end();
        serial += 1;
      }
      opening.close();
    },
    day: writeDay,
    close() {
      for (const writer of [transfers, contexts, logins]) writer.close();
    },
  };
}

function accountIdBytes(seed: number, count: number): Uint8Array {
  const bytes = new Uint8Array(count * 36);
  for (let account = 0; account < count; account += 1)
    bytes.set(Buffer.from(idText(seed, space.account, account)), account * 36);
  return bytes;
}
