/** For every route and every built-in role: allowed or refused as the committed table says, and really so when called. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { standardRoles } from '#kernel/access';
import { committedRows, differences, type TableRow, tableFile, tableOf } from './access-rows.ts';
import { wholeHouse } from './whole-house.ts';

const home = await wholeHouse({ after });

const rows = committedRows();
const open = (row: TableRow) => row.permission === 'public' || row.permission === 'signed_in';
const guarded = rows.filter(({ url, permission }) => url.startsWith('/api/v1/') && permission !== 'public');

/** Something of the right shape in place of the parameters of an address; nothing like it exists. */
function addressOf(url: string): string {
  const named: Readonly<Record<string, string>> = { book: 'main', period: '2025-01', year: '2025', version: '1' };
  return url
    .replace(/:([a-z_]+)/g, (_all, name: string) => named[name] ?? '00000000-0000-7000-8000-000000000000')
    .replace('*', '0/000');
}

async function called({ method, url }: TableRow, headers: Record<string, string>) {
  const write = method === 'GET' ? {} : { payload: '{}', headers: { ...headers, 'content-type': 'application/json' } };
  const { statusCode, body } = await home.app.inject({
    method: method as 'GET',
    url: addressOf(url),
    headers,
    ...write,
  });
  const code = body.startsWith('{') ? (JSON.parse(body) as { code?: string }).code : undefined;
  return { status: statusCode, code };
}

test('the committed table says what the routes say: read `npm run access-table`’s difference before committing it', () => {
  const wrong = differences(readFileSync(tableFile, 'utf8'), tableOf(home.routes));
  assert.deepEqual(wrong, [], `test/access.csv does not fit the routes:\n${wrong.join('\n')}`);
});

test('a route that is new, gone or different is noticed', () => {
  const committed = 'route,permission,reach,teller\nGET /a,a:read,,yes\nGET /b,b:read,,no\n';
  const present = 'route,permission,reach,teller\nGET /b,b:read,,yes\nGET /c,c:read,,no\n';
  assert.deepEqual(differences(committed, present), [
    'missing: GET /c,c:read,,no',
    'superfluous: GET /a',
    'different: GET /b,b:read,,no\n  should be: GET /b,b:read,,yes',
  ]);
});

test('without anybody signed in, only what is public answers', async () => {
  const wrong: string[] = [];
  for (const row of guarded) {
    const { status, code } = await called(row, {});
    if (status !== 401 || code !== 'token_missing') wrong.push(`${row.method} ${row.url}: ${status} ${code}`);
  }
  assert.deepEqual(wrong, []);
  assert.ok(guarded.length > 150, `${guarded.length} guarded routes`);
  const others = rows.filter(({ url, permission }) => url.startsWith('/api/v1/') && permission === 'public');
  assert.deepEqual(others, [], 'nothing of the API itself is public');
});

for (const { code: role, permissions } of standardRoles) {
  test(`${role}: what the table refuses is refused, what it allows is let in`, async () => {
    const headers = await home.headersOf(permissions, 'institution', role);
    const wrong: string[] = [];
    for (const row of guarded) {
      const { status, code } = await called(row, headers);
      const refused = status === 403 && code === 'permission_missing';
      const expected = row.allowed.has(role) || open(row);
      // Some things of one's own only people have; machines are told so.
      const stopped = (status === 401 && code !== 'session_needed') || status >= 500;
      if (refused === expected || stopped) {
        wrong.push(`${row.method} ${row.url}: ${status} ${code}, the table says ${expected ? 'yes' : 'no'}`);
      }
    }
    assert.deepEqual(wrong, []);
  });
}

test('what is about all of the institution or all of a book is refused to who holds the right in a branch', async () => {
  await home.unit({ code: 'branch', name: 'Branch', kind: 'branch' });
  const headers = await home.headersOf(['*:*'], 'branch');
  const wrong: string[] = [];
  for (const row of guarded.filter(({ reach }) => reach !== '')) {
    const { status, code } = await called(row, headers);
    // What is not well-formed is refused before.
    if (status < 400 || (code !== 'scope_too_narrow' && code !== 'request_invalid' && code !== 'body_missing')) {
      wrong.push(`${row.method} ${row.url}: ${status} ${code}`);
    }
  }
  assert.deepEqual(wrong, []);
});
