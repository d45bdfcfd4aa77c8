/** A random institution, made over HTTP by people of its branches, and the memory of what belongs to whom. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { isPermission } from '#kernel/access';
import { deterministicId, newId } from '#kernel/ids';
import type { Call, Reply } from '../http.ts';
import type { WholeHouse } from '../whole-house.ts';

/** What a random institution is made of. */
export interface Plan {
  /** Per legal entity: the teams of each of its branches. */
  readonly entities: readonly (readonly number[])[];
  /** Which accounts pay which, by their place among those of one book, and how much in cents. */
  readonly transfers: readonly { readonly from: number; readonly to: number; readonly cents: number }[];
}

export const plans: fc.Arbitrary<Plan> = fc.record({
  entities: fc.array(fc.array(fc.integer({ min: 0, max: 1 }), { minLength: 1, maxLength: 3 }), {
    minLength: 2,
    maxLength: 2,
  }),
  transfers: fc.array(
    fc.record({
      from: fc.nat(1_000),
      to: fc.nat(1_000),
      cents: fc.integer({ min: 100_000_001, max: 999_999_999 }),
    }),
    { minLength: 6, maxLength: 14 },
  ),
});

/** Everybody who works in a unit: a branch, a team, or the head office of a legal entity. */
export interface Unit {
  readonly code: string;
  /** The unit itself and all below it. */
  readonly within: ReadonlySet<string>;
  readonly book: string;
  readonly entity: string;
  readonly headers: { readonly authorization: string };
  readonly call: Call;
  readonly accounts: string[];
  /** What can be asked for by its id, by the names that fields and parameters have. */
  readonly ids: Map<string, string>;
}

export interface World {
  readonly units: readonly Unit[];
  /** What is told only to who sees one of these units, by text: ids, names, amounts. */
  readonly secrets: ReadonlyMap<string, ReadonlySet<string>>;
}

let worlds = 0;

export async function makeWorld(home: WholeHouse, plan: Plan): Promise<World> {
  const world = ++worlds;
  const policy = { checks: ['liveness'], minimum_score: '0.8', valid_days: 2 };
  done(await home.call('PUT', '/parties/verification-policies/large_transfer', policy));
  const owners = new Map<string, Set<string>>();
  const secret = (text: string, ...units: readonly Unit[]) => {
    const known = owners.get(text) ?? new Set();
    for (const { code } of units) known.add(code);
    owners.set(text, known);
    return text;
  };
  // All that routes ask for, but not the right of machines to act alone.
  const permissions = ['party.personal:read', ...new Set(home.routes.map(({ permission }) => permission))].filter(
    isPermission,
  );
  const units: Unit[] = [];
  for (const [number, branches] of plan.entities.entries()) {
    const entity = `e${world}-${number}`;
    const book = `${entity}-book`;
    await home.unit({ code: entity, name: entity, kind: 'legal_entity' });
    done(await home.call('POST', '/entities', { code: entity, name: entity, functional_currency: 'CNY' }));
    done(await home.call('POST', `/entities/${entity}/books`, { code: book, name: book }));
    const add = async (code: string, within: readonly string[]) => {
      const headers = await home.headersOf(permissions, code, `token of ${code}`);
      const call = caller(home, headers);
      units.push({ code, within: new Set(within), book, entity, headers, call, accounts: [], ids: new Map() });
    };
    const whole = [entity];
    for (const [at, teams] of branches.entries()) {
      const branch = `${entity}-b${at}`;
      await home.unit({ code: branch, name: branch, kind: 'branch', parent: entity });
      const below = Array.from({ length: teams }, (_, team) => `${branch}-t${team}`);
      for (const code of below) {
        await home.unit({ code, name: code, kind: 'team', parent: branch });
        await add(code, [code]);
      }
      await add(branch, [branch, ...below]);
      whole.push(branch, ...below);
    }
    await add(entity, whole);
  }
  for (const unit of units) {
    await furnish(unit, secret);
    await introduce(unit, secret);
  }
  // Two who know each other across branches, as head office has noted: for who sees both.
  const [one, two] = [pick(units, 0), pick(units, units.length - 1)];
  const ofOther = { kind: 'guarantor', to: two.ids.get('party'), valid_from: '2020-01-01' };
  done(await home.call('POST', `/parties/${one.ids.get('party')}/relations`, ofOther));
  for (const { from, to, cents } of plan.transfers) {
    // Every entity has its own book; a transfer stays within one.
    const payer = pick(units, from);
    const colleagues = units.filter(({ book }) => book === payer.book);
    const payee = pick(colleagues, to);
    await pay(payer, payee, cents, secret);
  }
  for (const unit of units) {
    const { body } = done(await home.call('GET', `/ledger/accounts?book=${unit.book}&limit=1000`));
    for (const { id, balance } of body.items) {
      if (unit.accounts.includes(String(id)) && String(balance).length > 8 && !owners.has(String(balance))) {
        secret(String(balance), unit);
      }
    }
  }
  return { units, secrets: owners };
}

type Secret = (text: string, ...units: readonly Unit[]) => string;

/** What a counter does on its first day; it also shows that people of a branch can do their work at all. */
async function furnish(unit: Unit, secret: Secret): Promise<void> {
  const { call, book, ids, accounts } = unit;
  const own = (text: string) => secret(text, unit);
  const name = (what: string) => own(`${what} ${newId()}`);
  const id = () => own(newId());
  const customer = own(`c-${newId()}`);
  const [deposit, till, other] = [id(), id(), id()];
  done(await call('POST', '/account-centre/customers', { book, key: customer }));
  const inTree = { id: deposit, node: 'fund', currency: 'CNY', code: '2011', side: 'credit', name: name('deposit') };
  done(
    await call('POST', `/account-centre/customers/${customer}/nodes`, { book, path: 'fund/own', name: name('node') }),
  );
  done(await call('POST', `/account-centre/customers/${customer}/accounts`, { book, accounts: [inTree] }));
  const account = { currency: 'CNY', code: '1001', side: 'debit' };
  const opened = [
    { ...account, id: till, name: name('till') },
    { ...account, id: other, name: name('other') },
  ];
  done(await call('POST', '/ledger/accounts', { book, accounts: opened }));
  accounts.push(deposit, till, other);
  await pay(unit, unit, 100_000_000 + Math.floor(Math.random() * 800_000_000), secret, [till, deposit]);
  const earmark = id();
  const amount = own(`${10_000 + Math.floor(Math.random() * 90_000)}.37`);
  const set = { book, id: earmark, account_id: deposit, amount, purpose: name('purpose') };
  done(await call('POST', '/account-centre/earmarks', set));
  // What is set aside stands on an account of its own.
  accounts.push(own(deterministicId('account_centre.earmark_account', deposit)));
  const rule = id();
  done(await call('POST', '/account-centre/alert-rules', { book, id: rule, customer, subscribers: [name('phone')] }));
  const freeze = { book, action: 'freeze_outgoing', reason: name('reason') };
  const waiting = done(await call('POST', `/account-centre/customers/${customer}/actions`, freeze));
  const approval = own((waiting.body.approval as { request_id: string }).request_id);
  const login = own(`s${newId().replaceAll('-', '')}`);
  const person = { login, name: name('person'), email: `${login}@bank.example`, unit: unit.code };
  const staff = own(String((done(await call('POST', '/staff', person)).body.staff as { id: string }).id));
  const assigned = done(await call('POST', '/assignments', { staff_id: staff, role: 'teller', unit: unit.code }));
  const assignment = own(String(assigned.body.assignment_id));
  const machine = { name: name('machine'), permissions: ['ledger.account:read'], unit: unit.code };
  const made = done(await call('POST', '/tokens', { ...machine, expires_at: '2099-01-01T00:00:00Z' }));
  const token = own(String(made.body.id));
  for (const [key, value] of Object.entries({
    customer,
    account_id: deposit,
    earmark,
    rule,
    approval,
    staff_id: staff,
    token,
    assignment,
    till,
  }))
    ids.set(key, value);
}

/** A number as on an identity card, GB 11643, with its check character (ISO 7064, MOD 11-2). */
function residentId(): string {
  const year = 1950 + Math.floor(Math.random() * 50);
  const digits = `110105${year}0101${String(Math.floor(Math.random() * 1_000)).padStart(3, '0')}`;
  const sum = [...digits].reduce((total, digit, index) => total + Number(digit) * (2 ** (17 - index) % 11), 0);
  return `${digits}${'10X98765432'[sum % 11]}`;
}

/** People and companies as a counter meets them. */
async function introduce(unit: Unit, secret: Secret): Promise<void> {
  const { call, book, ids, code } = unit;
  const own = (text: string) => secret(text, unit);
  const party = own(newId());
  const firm = own(newId());
  const mobile = own(`13${String(Math.floor(Math.random() * 1e9)).padStart(9, '0')}`);
  const name = own(`Name ${newId()}`);
  const line = own(`Street ${newId()}`);
  const person = {
    id: party,
    unit: code,
    kind: 'person',
    names: [{ value: name }],
    identifiers: [{ kind: 'resident_id', value: own(residentId()) }],
    contacts: [{ kind: 'mobile', value: mobile }],
    addresses: [{ kind: 'residence', division_code: '110105', line }],
  };
  done(await call('POST', '/parties', person));
  const company = { id: firm, unit: code, kind: 'organisation', names: [{ value: own(`Firm ${newId()}`) }] };
  done(await call('POST', '/parties', company));
  const holds = { kind: 'shareholder', to: firm, percentage: '60', valid_from: '2020-01-01' };
  const relation = own(String(done(await call('POST', `/parties/${party}/relations`, holds)).body.id));
  const agreed = { purpose: 'marketing', text_version: '1', channel: own(`channel ${newId()}`) };
  const consent = own(String(done(await call('POST', `/parties/${party}/consents`, agreed)).body.id));
  const owns = { book, account_id: ids.get('account_id'), kind: 'owner', currency: 'CNY' };
  const right = own(String(done(await call('POST', `/parties/${party}/rights`, owns)).body.id));
  const verified = { purpose: 'large_transfer', liveness_reference: 'sim:live' };
  own(String(done(await call('POST', `/parties/${party}/verifications`, verified)).body.id));
  const named = { party, firm, relation, consent, right, mobile, name };
  for (const [key, value] of Object.entries(named)) ids.set(key, value);
}

async function pay(payer: Unit, payee: Unit, cents: number, secret: Secret, between?: readonly [string, string]) {
  const [debit, credit] = between ?? [payer.accounts[1] ?? '', payee.accounts[2] ?? ''];
  const amount = `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, '0')}`;
  const id = newId();
  const description = `why ${newId()}`;
  const transfer = { id, debit_account_id: debit, credit_account_id: credit, amount, currency: 'CNY', description };
  const reply = done(await payer.call('POST', '/ledger/transfers', { book: payer.book, transfers: [transfer] }));
  assert.deepEqual(
    (reply.body.results as { status: string }[]).map(({ status }) => status),
    ['accepted'],
  );
  for (const text of [id, description, amount, debit, credit]) secret(text, payer, payee);
  payer.ids.set('transfer', id);
}

function pick<T>(from: readonly T[], number: number): T {
  const found = from[number % from.length];
  assert.ok(found !== undefined);
  return found;
}

function done(reply: Reply): Reply {
  assert.ok(reply.status < 300, `${reply.status} ${JSON.stringify(reply.body)}`);
  return reply;
}

/** Calls without sockets: many of them are made. */
function caller(home: WholeHouse, headers: Readonly<Record<string, string>>): Call {
  return async (method, path, body) => {
    const payload = body === undefined ? {} : { payload: JSON.stringify(body) };
    const type = body === undefined ? {} : { 'content-type': 'application/json' };
    const response = await home.app.inject({
      method: method as 'GET',
      url: `/api/v1${path}`,
      headers: { ...headers, ...type },
      ...payload,
    });
    return {
      status: response.statusCode,
      headers: new Headers(),
      body: (response.body === '' ? {} : JSON.parse(response.body)) as Reply['body'],
    };
  };
}
