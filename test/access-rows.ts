/** The table of rights: what each route asks for, and which built-in role may. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { covers, standardRoles } from '#kernel/access';
import type { GuardedRoute } from '#kernel/http';

/** The committed table, written by `npm run access-table`. */
export const tableFile = join(import.meta.dirname, 'access.csv');

const roles = standardRoles.map(({ code }) => code);
const head = ['route', 'permission', 'reach', ...roles].join(',');

/** The line of a route: address, what it asks for, and `yes` or `no` for every role. */
function lineOf({ method, url, permission, reach }: GuardedRoute): string {
  const open = permission === 'public' || permission === 'signed_in';
  const answers = standardRoles.map(({ permissions }) =>
    open || permissions.some((pattern) => covers(pattern, permission)) ? 'yes' : 'no',
  );
  return [`${method} ${url}`, permission, reach ?? '', ...answers].join(',');
}

/** The table of these routes. */
export function tableOf(routes: readonly GuardedRoute[]): string {
  return `${[head, ...routes.map(lineOf)].join('\n')}\n`;
}

export interface TableRow {
  readonly method: string;
  readonly url: string;
  readonly permission: string;
  readonly reach: string;
  /** Roles that may. */
  readonly allowed: ReadonlySet<string>;
}

/** The committed table, read as rows. */
export function committedRows(): TableRow[] {
  const [first = '', ...lines] = readFileSync(tableFile, 'utf8').trimEnd().split('\n');
  const columns = first.split(',').slice(3);
  return lines.map((line) => {
    const [route = '', permission = '', reach = '', ...answers] = line.split(',');
    const [method = '', url = ''] = route.split(' ');
    const allowed = new Set(columns.filter((_role, index) => answers[index] === 'yes'));
    return { method, url, permission, reach, allowed };
  });
}

/** What is wrong with the committed table, a line each; empty when it says what the routes say. */
export function differences(committed: string, present: string): string[] {
  const keyed = (text: string) =>
    new Map(
      text
        .trimEnd()
        .split('\n')
        .map((line) => [line.split(',')[0] ?? '', line]),
    );
  const [old, now] = [keyed(committed), keyed(present)];
  return [
    ...[...now].filter(([route]) => !old.has(route)).map(([, line]) => `missing: ${line}`),
    ...[...old].filter(([route]) => !now.has(route)).map(([route]) => `superfluous: ${route}`),
    ...[...now].flatMap(([route, line]) => {
      const before = old.get(route);
      return before === undefined || before === line ? [] : [`different: ${before}\n  should be: ${line}`];
    }),
  ];
}
