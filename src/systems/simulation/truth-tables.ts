/** Tells the hidden truth of a simulated book to the database, which does not tell it back. */
import type { SimulatedDay, Sink } from './bank.ts';
import type { World } from './business/world.ts';
import { idText, space } from './ids.ts';
import type { PostDeps } from './post.ts';
import { NONE } from './vocabulary.ts';

export function truthTables({ db, ledger }: PostDeps, book: string): Sink {
  let world: World;
  return {
    open(given) {
      world = given;
    },
    async day({ day, book: rows, begun, firstSerial }: SimulatedDay) {
      const { seed } = world.population;
      const pattern = (number: number) => idText(seed, space.pattern, number);
      const members = begun.flatMap(({ number, members: own }) => own.map((member) => ({ number, ...member })));
      const transfers: string[] = [];
      const patterns: string[] = [];
      const moments: string[] = [];
      for (let place = 0; place < rows.settled; place += 1) {
        const row = rows.order[place] ?? 0;
        const number = rows.pattern[row] ?? NONE;
        if (number === NONE) continue;
        transfers.push(idText(seed, space.transfer, firstSerial + place));
        patterns.push(pattern(number));
        moments.push(momentText(day.date, rows.second[row] ?? 0));
      }
      await db.query('select simulation.tell_truth($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)', [
        await ledger.bookId(book),
        begun.map(({ number }) => pattern(number)),
        begun.map(({ typology }) => typology.name),
        begun.map(({ typology }) => typology.shape),
        begun.map(({ typology }) => typology.truth),
        begun.map(() => day.date),
        members.map(({ number }) => pattern(number)),
        members.map(({ account }) => idText(seed, space.account, account)),
        members.map(({ role }) => role),
        transfers,
        patterns,
        moments,
      ]);
    },
    close() {},
  };
}

function momentText(date: string, second: number): string {
  const two = (value: number) => String(value).padStart(2, '0');
  return `${date}T${two(Math.floor(second / 3600))}:${two(Math.floor(second / 60) % 60)}:${two(second % 60)}+08:00`;
}
