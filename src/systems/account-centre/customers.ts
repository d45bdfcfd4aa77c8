/** Customers: opening the tree of one, and saying which party it is. */

import type { Clock } from '#kernel/clock';
import { asSystem } from '#kernel/context';
import type { Transaction } from '#kernel/database';
import { instantText } from '#kernel/dates';
import { appendEvents } from '#kernel/events';
import { survivorOf } from '#systems/parties';
import { centreError } from './errors.ts';
import { CUSTOMER_DIMENSION, customerKey, groupCode, kinds } from './model.ts';
import type { CentreDeps } from './service.ts';
import * as store from './store.ts';

/**
 * Opens the tree of a customer: its group and those of its three parts, and says which party it is, when that is known. The
 * same again changes nothing. Errors: `tree_key_invalid`, `customer_different`, `party_not_found` (also where the request may
 * not see it).
 */
export async function openCustomer(
  { ledger, clock }: CentreDeps,
  tx: Transaction,
  book: string,
  key: string,
  partyId?: string,
): Promise<store.Customer> {
  const bookId = await ledger.bookId(book);
  const survivor = partyId === undefined ? undefined : await survivorOf(tx, partyId);
  await store.lockTree(tx, bookId, customerKey(key));
  const at = instantText(clock.now());
  if (await store.addCustomer(tx, bookId, key, at)) {
    const group = { dimension: CUSTOMER_DIMENSION, daily: false };
    await asSystem(() =>
      ledger.createGroups(tx, book, [
        { ...group, code: groupCode(key) },
        ...kinds.map((kind) => ({ ...group, code: groupCode(key, kind), parentCode: groupCode(key) })),
      ]),
    );
    for (const kind of kinds) await store.addNode(tx, bookId, key, { path: kind, name: '' }, at);
    await appendEvents(tx, bookId, clock, [
      { type: 'account_centre.customer_opened', subject: key, payload: { customer: key } },
    ]);
  }
  const customer = await store.readCustomer(tx, bookId, key);
  if (partyId === undefined || survivor === undefined) return customer;
  if (customer.partyId === null) return identify(clock, tx, bookId, customer, partyId);
  if ((await standsFor(tx, customer.partyId)) !== survivor) {
    throw centreError('customer_different', `Customer ${key} is known as another party`, { customer: key });
  }
  return customer;
}

/**
 * Says which party a customer is, also when another was named before. The tree itself is not touched: it is found under
 * whoever stands for the party. The same again changes nothing. Errors: `tree_not_found`, `party_not_found`.
 */
export async function identifyCustomer(
  { ledger, clock }: CentreDeps,
  tx: Transaction,
  book: string,
  key: string,
  partyId: string,
): Promise<store.Customer> {
  const bookId = await ledger.bookId(book);
  await survivorOf(tx, partyId);
  await store.lockTree(tx, bookId, key);
  return identify(clock, tx, bookId, await store.readCustomer(tx, bookId, key), partyId);
}

async function identify(
  clock: Clock,
  tx: Transaction,
  bookId: number,
  { key, partyId: before }: store.Customer,
  partyId: string,
): Promise<store.Customer> {
  const after = partyId.toLowerCase();
  if (after !== before) {
    await store.setParty(tx, bookId, key, after);
    const payload = { customer: key, before, after };
    await appendEvents(tx, bookId, clock, [{ type: 'account_centre.customer_identified', subject: key, payload }]);
  }
  return store.readCustomer(tx, bookId, key);
}

/** Who stands for the party of a customer that this request sees, whatever unit the party belongs to. */
function standsFor(tx: Transaction, partyId: string): Promise<string> {
  return asSystem(() => survivorOf(tx, partyId));
}
