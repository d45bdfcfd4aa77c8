/**
 * Work across two legal entities, each with a ledger of its own, and an outside system that may refuse: once as a saga
 * (each step is posted and, if a later one fails, undone by its compensation), once as TCC (try holds, confirm posts,
 * cancel voids). Postings commit in the transaction of their step.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Ledger, openLedger } from '#engines/ledger';
import {
  BusinessError,
  type Call,
  deploy,
  listIncidents,
  openProcess,
  type ProcessFunction,
  readHistory,
  readInstance,
  start,
  workUntilIdle,
} from '#engines/process';
import { manualClock } from '#kernel/clock';
import type { Transaction } from '#kernel/database';
import { createBook } from '#kernel/events';
import { deterministicId } from '#kernel/ids';
import { bpmn, flows } from '#test/bpmn';
import { type Cleanup, testDatabase } from '#test/database';

const books = ['bank', 'trust'] as const;
const actor = { id: 'ops' };

const accountOf = (book: string, name: string) => deterministicId('test.account', book, name);
const transferOf = (call: Call, step: string) => deterministicId('test.transfer', call.instanceId, step);

async function world(t: Cleanup) {
  const db = await testDatabase(t);
  const clock = manualClock('2026-04-01T02:00:00Z');
  const ledger = openLedger({ db, clock, timeZone: 'Asia/Shanghai' });
  await db.transaction(async (tx) => {
    await createBook(tx, { code: 'main', name: 'Processes' }, clock);
    for (const book of books) {
      await createBook(tx, { code: book, name: book, legalEntity: book }, clock);
    }
  });
  await db.transaction(async (tx) => {
    for (const book of books) {
      await ledger.openAccounts(tx, book, [
        {
          id: accountOf(book, 'customer'),
          currency: 'CNY',
          code: '2011',
          name: 'Customer',
          side: 'credit',
          limits: { minimum: 0n, maximum: null },
        },
        {
          id: accountOf(book, 'transit'),
          currency: 'CNY',
          code: '3001',
          name: 'In transit',
          side: 'credit',
          limits: { minimum: null, maximum: null },
        },
      ]);
    }
  });
  await ledger.post('bank', [
    {
      id: deterministicId('test', 'funding'),
      debitAccountId: accountOf('bank', 'transit'),
      creditAccountId: accountOf('bank', 'customer'),
      amount: '100.00',
      currency: 'CNY',
    },
  ]);
  let refuses = false;
  const settled = new Set<string>();
  const functions: Record<string, ProcessFunction> = {
    ...ledgerFunctions(ledger),
    'clearing.settle': {
      external: async (_input, call) => {
        if (refuses) throw new BusinessError('CLEARING_REFUSED', 'The clearing house refuses');
        settled.add(call.idempotencyKey);
        return { settled: true };
      },
    },
  };
  const engine = await openProcess({ db, book: 'main', clock, functions });
  const balance = async (book: string) => {
    const { rows } = await db.query<{ posted: bigint; held: bigint }>(
      `select credits_posted - debits_posted as posted, debits_pending + credits_pending as held from ledger.balance
        where book_id = $1 and account_id = $2`,
      [await ledger.bookId(book), accountOf(book, 'customer')],
    );
    return `${rows[0]?.posted} held ${rows[0]?.held}`;
  };
  return {
    db,
    settled,
    /** Runs one transfer from the bank's customer to the trust's and gives how it ended. */
    async transfer(document: string, amount: string, outsideRefuses: boolean) {
      refuses = outsideRefuses;
      const { instanceId } = await db.transaction(async (tx) => {
        await deploy(engine, tx, { document, actor });
        return start(engine, tx, { process: 'p', variables: { amount } });
      });
      await workUntilIdle(engine);
      assert.deepEqual(await listIncidents(engine, db, { instanceId }), []);
      const { status } = await readInstance(engine, db, instanceId);
      const visits = (await readHistory(engine, db, instanceId)).map((row) => row.node).join(' ');
      return { status, visits, bank: await balance('bank'), trust: await balance('trust') };
    },
  };
}

function ledgerFunctions(ledger: Ledger): Record<string, ProcessFunction> {
  const sides = (book: string) =>
    book === 'bank'
      ? { debitAccountId: accountOf(book, 'customer'), creditAccountId: accountOf(book, 'transit') }
      : { debitAccountId: accountOf(book, 'transit'), creditAccountId: accountOf(book, 'customer') };
  const post = async (tx: Transaction, book: string, transfer: Parameters<Ledger['postIn']>[2][number]) => {
    const [outcome] = await ledger.postIn(tx, book, [transfer]);
    if (outcome?.status !== 'accepted') throw new BusinessError('LEDGER_REFUSED', outcome?.code);
    return {};
  };
  const made: Record<string, ProcessFunction> = {};
  for (const book of books) {
    const amount = (input: Readonly<Record<string, unknown>>) => ({
      ...sides(book),
      amount: String(input.amount),
      currency: 'CNY',
    });
    made[`${book}.post`] = (tx, input, call) => post(tx, book, { id: transferOf(call, book), ...amount(input) });
    made[`${book}.reverse`] = (tx, _input, call) =>
      post(tx, book, {
        id: transferOf(call, `${book}.reverse`),
        kind: 'reverse',
        reversedId: transferOf(call, book),
        effectiveDate: ledger.businessDate(),
      });
    made[`${book}.try`] = (tx, input, call) =>
      post(tx, book, { id: transferOf(call, book), kind: 'pending', ...amount(input) });
    made[`${book}.confirm`] = (tx, _input, call) =>
      post(tx, book, { id: transferOf(call, `${book}.confirm`), kind: 'post', pendingId: transferOf(call, book) });
    made[`${book}.cancel`] = (tx, _input, call) =>
      post(tx, book, { id: transferOf(call, `${book}.cancel`), kind: 'void', pendingId: transferOf(call, book) });
  }
  return made;
}

const service = (id: string, name: string) => `<serviceTask id="${id}" longmen:function="${name}"/>`;
const undone = (id: string, name: string, handler: string) =>
  `${service(id, name)}<boundaryEvent id="b_${id}" attachedToRef="${id}"><compensateEventDefinition/></boundaryEvent>
   <serviceTask id="undo_${id}" isForCompensation="true" longmen:function="${handler}"/>
   <association id="link_${id}" sourceRef="b_${id}" targetRef="undo_${id}" associationDirection="One"/>`;
/** On any error of a step, everything done so far is compensated, the last first. */
const guarded = (body: string) =>
  bpmn(
    `<startEvent id="s"/>${body}<endEvent id="e"/>
     <subProcess id="failed" triggeredByEvent="true"><startEvent id="f"><errorEventDefinition/></startEvent>
       <endEvent id="undo"><compensateEventDefinition/></endEvent>${flows('f>undo')}</subProcess>`,
  );

const saga = guarded(
  `${undone('bank', 'bank.post', 'bank.reverse')}${undone('trust', 'trust.post', 'trust.reverse')}
   ${service('outside', 'clearing.settle')}${flows('s>bank>trust>outside>e')}`,
);

const tcc = guarded(
  `${undone('bank', 'bank.try', 'bank.cancel')}${undone('trust', 'trust.try', 'trust.cancel')}
   ${service('outside', 'clearing.settle')}${service('bank2', 'bank.confirm')}${service('trust2', 'trust.confirm')}
   ${flows('s>bank>trust>outside>bank2>trust2>e')}`,
);

test('saga: posted in both ledgers, or posted and reversed, the last first', async (t) => {
  const { transfer, settled } = await world(t);
  assert.deepEqual(await transfer(saga, '30.00', true), {
    status: 'completed',
    visits: 's bank trust outside f undo_trust undo_bank undo failed',
    bank: '10000 held 0',
    trust: '0 held 0',
  });
  assert.deepEqual(await transfer(saga, '30.00', false), {
    status: 'completed',
    visits: 's bank trust outside e',
    bank: '7000 held 0',
    trust: '3000 held 0',
  });
  assert.equal(settled.size, 1);
});

test('TCC: held in both ledgers, then posted in both or voided in both', async (t) => {
  const { transfer } = await world(t);
  assert.deepEqual(await transfer(tcc, '30.00', true), {
    status: 'completed',
    visits: 's bank trust outside f undo_trust undo_bank undo failed',
    bank: '10000 held 0',
    trust: '0 held 0',
  });
  assert.deepEqual(await transfer(tcc, '30.00', false), {
    status: 'completed',
    visits: 's bank trust outside bank2 trust2 e',
    bank: '7000 held 0',
    trust: '3000 held 0',
  });
});

test('a ledger that refuses leaves nothing behind', async (t) => {
  const { transfer } = await world(t);
  assert.deepEqual(await transfer(tcc, '500.00', false), {
    status: 'completed',
    visits: 's bank f undo failed',
    bank: '10000 held 0',
    trust: '0 held 0',
  });
});
