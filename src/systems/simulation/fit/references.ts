/** The real samples a simulation is compared with, from the shared data sets. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { simulationError } from '../errors.ts';

export type Degrees = Readonly<Record<'in' | 'out', Float64Array>>;

/** The degree sequence of an AMLSim parameter set (`1K`, `10K`): one number for each account, sorted. */
export function degreeReference(shared: string, set: string): Degrees {
  const rows: Record<string, string>[] = parse(read(shared, `data/amlsim/${set}/degree.csv`), {
    columns: true,
    relaxColumnCount: true,
  });
  const expand = (column: string) =>
    Float64Array.from(
      rows.flatMap((row) => new Array<number>(Number(row[column] ?? 0)).fill(Number(row.Count))),
    ).sort();
  return { in: expand('In-degree'), out: expand('Out-degree') };
}

/** Which transactions of Berka stand for which kind. */
const berkaKinds: Readonly<Record<string, (row: Readonly<Record<string, string>>) => boolean>> = {
  cash_withdrawal: ({ type, operation, k_symbol }) => type === 'VYDAJ' && operation === 'VYBER' && k_symbol === '',
  cash_deposit: ({ operation }) => operation === 'VKLAD',
  utilities: ({ operation, k_symbol }) => operation === 'PREVOD NA UCET' && k_symbol === 'SIPO',
  outgoing_transfer: ({ operation, k_symbol }) =>
    operation === 'PREVOD NA UCET' && (k_symbol === '' || k_symbol === ' '),
  incoming_transfer: ({ operation, k_symbol }) => operation === 'PREVOD Z UCTU' && k_symbol === '',
};

/** Sizes of transactions of the Berka bank in crowns, by the kind they are compared with. */
export function sizeReference(shared: string): Map<string, Float64Array> {
  const rows: Record<string, string>[] = parse(read(shared, 'data/berka/trans.asc'), { columns: true, delimiter: ';' });
  return new Map(
    Object.entries(berkaKinds).map(([name, belongs]) => [
      name,
      Float64Array.from(rows.filter(belongs), ({ amount: crowns }) => Number(crowns)),
    ]),
  );
}

function read(shared: string, path: string): string {
  const file = join(shared, path);
  if (!existsSync(file))
    throw simulationError('simulation_file_missing', `${file} is not there: it is what the fit is measured against`, {
      file,
    });
  return readFileSync(file, 'utf8');
}
