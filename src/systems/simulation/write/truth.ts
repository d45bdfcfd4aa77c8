/** Writes the hidden truth, into files of its own: what belongs to a pattern, who was in it, and what it was. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { SimulatedDay, Sink } from '../bank.ts';
import type { World } from '../business/world.ts';
import { space } from '../ids.ts';
import type { Role } from '../truth/draft.ts';
import { NONE } from '../vocabulary.ts';
import { type Format, RecordWriter } from './record-writer.ts';

/** Who did not mean what the pattern meant. */
const unwitting: ReadonlySet<Role> = new Set(['victim', 'bystander']);

/** Writes `truth_transactions`, `truth_accounts` and `truth_patterns` into a folder. */
export function truthFiles(folder: string, format: Format): Sink {
  mkdirSync(folder, { recursive: true });
  const file = (name: string, columns: readonly string[]) =>
    new RecordWriter(join(folder, `${name}.${format}`), columns, format);
  const patterns = file('truth_patterns', [
    'pattern_id',
    'typology',
    'typology_zh',
    'shape',
    'truth',
    'first_day',
    'planned_transactions',
  ]);
  const accounts = file('truth_accounts', ['pattern_id', 'account_id', 'role', 'truth', 'culpable']);
  const transactions = file('truth_transactions', [
    'transfer_id',
    'pattern_id',
    'typology',
    'truth',
    'occurred_at',
    'debit_account_id',
    'credit_account_id',
    'amount',
  ]);
  const names = new Map<number, { typology: string; truth: string }>();
  let world: World;
  return {
    open(given) {
      world = given;
    },
    day({ day, book, begun, firstSerial }: SimulatedDay) {
      const { seed } = world.population;
      for (const { number, typology, plannedSteps, members } of begun) {
        names.set(number, { typology: typology.name, truth: typology.truth });
        record(patterns, seed, number, [
          typology.name,
          typology.name_zh,
          typology.shape,
          typology.truth,
          day.date,
          String(plannedSteps),
        ]);
        for (const { account, role } of members) {
          const culpable = typology.truth === 'guilty' && !unwitting.has(role);
          accounts.field(0);
          accounts.uuid(seed, space.pattern, number);
          accounts.field(1);
          accounts.uuid(seed, space.account, account);
          for (const [index, value] of [role, typology.truth, String(culpable)].entries()) {
            accounts.field(2 + index);
            accounts.text(value);
          }
          accounts.end();
        }
      }
      const date = Buffer.from(day.date);
      for (let place = 0; place < book.settled; place += 1) {
        const row = book.order[place] ?? 0;
        const number = book.pattern[row] ?? NONE;
        if (number === NONE) continue;
        const name = names.get(number);
        transactions.field(0);
        transactions.uuid(seed, space.transfer, firstSerial + place);
        transactions.field(1);
        transactions.uuid(seed, space.pattern, number);
        transactions.field(2);
        transactions.text(name?.typology ?? '');
        transactions.field(3);
        transactions.text(name?.truth ?? '');
        transactions.field(4);
        transactions.moment(date, book.second[row] ?? 0);
        transactions.field(5);
        transactions.uuid(seed, space.account, book.payer[row] ?? 0);
        transactions.field(6);
        transactions.uuid(seed, space.account, book.payee[row] ?? 0);
        transactions.field(7);
        transactions.yuan(book.amountMinor[row] ?? 0n);
        transactions.end();
      }
    },
    close() {
      for (const writer of [patterns, accounts, transactions]) writer.close();
    },
  };
}

function record(writer: RecordWriter, seed: number, pattern: number, values: readonly string[]): void {
  writer.field(0);
  writer.uuid(seed, space.pattern, pattern);
  for (const [index, value] of values.entries()) {
    writer.field(index + 1);
    writer.text(value);
  }
  writer.end();
}
