/**
 * Whoever belongs to a branch never sees or changes what belongs to another: asked through every route of the API with
 * ids of the others, and straight at every table that requests can read. Random institutions, customers and payments.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { currentContext, withContext } from '#kernel/context';
import type { GuardedRoute } from '#kernel/http';
import { addressOf, fieldsOf, type Hint, queryOf, sample, shapeOf } from '../requests.ts';
import { wholeHouse } from '../whole-house.ts';
import { makeWorld, plans, type Unit, type World } from './world.ts';

const home = await wholeHouse({ after });
const guarded = home.routes.filter(({ url, permission }) => url.startsWith('/api/v1/') && permission !== 'public');
const reads = guarded.filter(({ method }) => method === 'GET');
const writes = guarded.filter(({ method }) => method !== 'GET');

/** Fields and parameters that name something, with what of a unit is put there. */
const named: Readonly<Record<string, string>> = {
  account_id: 'account_id',
  debit_account_id: 'account_id',
  credit_account_id: 'till',
  to_account_id: 'till',
  customer: 'customer',
  key: 'customer',
  staff_id: 'staff_id',
  to_id: 'staff_id',
  pending_id: 'transfer',
  reversed_id: 'transfer',
  to: 'firm',
  mobile: 'mobile',
  row: 'relation',
};
const anyId = [
  'account_id',
  'transfer',
  'earmark',
  'rule',
  'approval',
  'staff_id',
  'token',
  'assignment',
  'party',
  'firm',
];

/** Puts what belongs to `other` wherever something can be named; `id` is what stands for a parameter or field `id`. */
function hintOf(other: Unit, book: string, id: string): Hint {
  return (name) => {
    if (name === 'book') return book;
    if (name === 'entity') return other.entity;
    if (name === 'unit' || name === 'parent') return other.code;
    if (name === 'id') return id;
    const key = named[name];
    return key === undefined ? undefined : other.ids.get(key);
  };
}

/** What must not be told to a unit. */
function foreignTo(unit: Unit, world: World): string[] {
  return [...world.secrets].flatMap(([text, owners]) =>
    [...owners].some((code) => unit.within.has(code)) ? [] : [text],
  );
}

interface Asked {
  readonly route: GuardedRoute;
  readonly address: string;
}

/** Every GET with ids of `other` in every place, and every list without any. */
function* questions(unit: Unit, other: Unit): Generator<Asked> {
  for (const route of reads) {
    const ids = /:id\b/.test(route.url) ? anyId.flatMap((name) => other.ids.get(name) ?? []) : [''];
    const fields = fieldsOf(route.schemas.querystring);
    // Lists of books, and how else one could be written, where several may be asked for.
    const lists =
      route.reach === 'book' && fields.includes('entity') ? [`${unit.book},${other.book}`, ` ${other.book}`] : [];
    for (const book of new Set([unit.book, other.book, ...lists])) {
      for (const id of ids) {
        const others = hintOf(other, book, id);
        const hint: Hint = (name) => (name === 'kind' && route.url.includes('/audit/') ? 'party' : others(name));
        // Once with nothing but what must be there, once with everything that can be named.
        const plain: Hint = (name) => (name === 'book' ? book : undefined);
        const bare = Object.fromEntries(
          Object.entries(queryOf(route, hint)).filter(
            ([name]) => name === 'book' || queryOf(route, plain)[name] !== undefined,
          ),
        );
        yield { route, address: addressOf(route, hint, bare) };
        if (fields.some((name) => named[name] !== undefined)) {
          yield { route, address: addressOf(route, hint, queryOf(route, hint)) };
        }
      }
    }
  }
}

async function ask(address: string, headers: { readonly authorization: string }) {
  const { statusCode, body } = await home.app.inject({ method: 'GET', url: address, headers });
  return { status: statusCode, body };
}

/** Searches are sent in bodies. */
async function* searches(unit: Unit, other: Unit) {
  const words = { name: other.ids.get('name'), mobile: other.ids.get('mobile') };
  for (const [field, value] of Object.entries(words)) {
    yield { path: '/parties/search', reply: await unit.call('POST', '/parties/search', { [field]: value }) };
  }
  const asked = { account_id: other.ids.get('account_id'), amount: '1.00', currency: 'CNY' };
  const mayAct = `/parties/${other.ids.get('party')}/may-act`;
  yield { path: mayAct, reply: await unit.call('POST', mayAct, asked) };
}

/** Asks everything as `unit`; returns what was told that is another's. */
async function leaks(unit: Unit, other: Unit, world: World): Promise<string[]> {
  const found: string[] = [];
  const foreign = foreignTo(unit, world);
  for (const { route, address } of questions(unit, other)) {
    const { status, body } = await ask(address, unit.headers);
    const asked = decodeURIComponent(address);
    const told = foreign.filter((text) => body.includes(text) && !asked.includes(text));
    if (told.length > 0 || status >= 500) found.push(`${route.method} ${address}: ${status} ${told.join(' ')}`);
    // What is another's is not there when asked for by its id either. The trail lists one's own questions, too.
    const there = status === 200 && /:(id|key|customer)\b/.test(route.url) && !route.url.includes('/audit/');
    if (there && foreign.some((text) => asked.includes(text))) found.push(`${address}: 200 ${body.slice(0, 300)}`);
  }
  for await (const { path, reply } of searches(unit, other)) {
    const empty = reply.status === 404 || (Array.isArray(reply.body.items) && reply.body.items.length === 0);
    if (!empty) found.push(`${path}: ${reply.status} ${JSON.stringify(reply.body)}`);
  }
  return found;
}

/** All that a request of these units reads in every table it may read, by table. */
async function tablesSeenFrom(units: readonly string[]): Promise<Map<string, string[]>> {
  const { rows: tables } = await home.db.admin.query<{ name: string }>(
    `select format('%I.%I', n.nspname, c.relname) as name
       from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where c.relkind in ('r', 'p', 'v', 'm') and n.nspname not in ('pg_catalog', 'information_schema')
        and has_any_column_privilege('longmen_staff', c.oid, 'select') order by 1`,
  );
  const { rows } = await home.db.query<{ id: number }>('select unit_id as id from kernel.unit where code = any ($1)', [
    [...units],
  ]);
  const visibility = rows.map(({ id }) => id).sort((left, right) => left - right);
  assert.ok(tables.length > 30);
  const seen = new Map<string, string[]>();
  for (const { name } of tables) {
    const rows = await withContext({ ...currentContext(), visibility }, () =>
      home.db.query<{ row: string }>(`select to_jsonb(t)::text as row from ${name} t order by 1`),
    );
    seen.set(
      name,
      rows.rows.map(({ row }) => row),
    );
  }
  return seen;
}

/** What is listed for a unit is all of its own and nothing else: the other side of seeing nothing. */
async function seesItsOwn(unit: Unit, world: World): Promise<void> {
  const within = world.units.filter(({ code }) => unit.within.has(code));
  const { book } = unit;
  const lists: [path: string, field: string, expected: (string | undefined)[]][] = [
    [`/ledger/accounts?book=${book}`, 'id', within.flatMap(({ accounts }) => accounts)],
    [`/account-centre/customers?book=${book}`, 'customer', within.map(({ ids }) => ids.get('customer'))],
    ['/approvals?command=account_centre:act', 'request_id', within.map(({ ids }) => ids.get('approval'))],
    ['/staff', 'id', within.map(({ ids }) => ids.get('staff_id'))],
    ['/assignments', 'assignment_id', within.map(({ ids }) => ids.get('assignment'))],
    ['/parties', 'id', within.flatMap(({ ids }) => [ids.get('party'), ids.get('firm')])],
  ];
  for (const [path, field, expected] of lists) {
    const { status, body } = await unit.call('GET', path);
    assert.equal(status, 200, `${path}: ${JSON.stringify(body)}`);
    assert.deepEqual(body.items.map((item) => item[field]).sort(), expected.sort(), `${path} as ${unit.code}`);
  }
  const id = unit.ids.get('account_id');
  assert.equal((await unit.call('GET', `/ledger/accounts/${id}?book=${book}`)).status, 200);
}

/** Every write with ids of `other` in every place. */
async function tryToChange(unit: Unit, other: Unit): Promise<void> {
  for (const route of writes) {
    const ids = /:id\b/.test(route.url)
      ? anyId.flatMap((name) => other.ids.get(name) ?? [])
      : [other.ids.get('account_id') ?? ''];
    for (const [number, id] of ids.entries()) {
      const book = number % 2 === 0 ? other.book : unit.book;
      const hint = hintOf(other, book, id);
      const payload = JSON.stringify(sample(shapeOf(route.schemas.body), hint) ?? {});
      const { statusCode, body } = await home.app.inject({
        method: route.method as 'POST',
        url: addressOf(route, hint, queryOf(route, hint)),
        headers: { ...unit.headers, 'content-type': 'application/json' },
        payload,
      });
      assert.ok(statusCode < 500, `${route.method} ${route.url} ${payload}: ${statusCode} ${body}`);
    }
  }
}

const runs = { numRuns: 2, endOnFailure: true };

test('nobody sees or changes what belongs to another branch', { timeout: 300_000 }, async () => {
  const answered = new Set<string>();
  await fc.assert(
    fc.asyncProperty(plans, fc.nat(1_000), fc.nat(1_000), async (plan, first, second) => {
      const world = await makeWorld(home, plan);
      const unit = world.units[first % world.units.length];
      const others = world.units.filter(
        ({ code, within }) => unit !== undefined && !unit.within.has(code) && !within.has(unit.code),
      );
      // One of the same book, where there is one: that is the hard case.
      const near = others.filter(({ book }) => book === unit?.book);
      const other = (near.length > 0 ? near : others)[second % Math.max(1, near.length || others.length)];
      if (unit === undefined || other === undefined) return;

      for (const each of world.units) await seesItsOwn(each, world);
      // Before anything is asked: the audit trail of the unit will tell what it asked for.
      const foreign = foreignTo(unit, world);
      for (const [table, rows] of await tablesSeenFrom([...unit.within])) {
        const told = foreign.filter((text) => rows.some((row) => row.includes(text)));
        assert.deepEqual(told, [], `${table} tells ${unit.code} what is another’s`);
      }

      assert.deepEqual(await leaks(unit, other, world), []);

      const outside = others.map(({ code }) => code);
      const before = await tablesSeenFrom(outside);
      await tryToChange(unit, other);
      const now = await tablesSeenFrom(outside);
      for (const [table, rows] of before)
        assert.deepEqual(now.get(table), rows, `${table} was changed by ${unit.code}`);
      assert.deepEqual([...now.keys()], [...before.keys()]);

      // What is asked here is really answered to who may: the same questions of somebody who sees everything.
      const everything = { authorization: String(home.authorized.authorization) };
      const exported = await ask('/api/v1/audit/export', everything);
      assert.ok(exported.body.includes(String(other.ids.get('party'))), 'the audit trail tells of others');
      for (const { route, address } of questions(other, other)) {
        if ((await ask(address, everything)).status === 200) answered.add(route.url);
      }
    }),
    runs,
  );
  assert.ok(answered.size > reads.length / 2, `only ${answered.size} of ${reads.length} routes had anything to tell`);
});
