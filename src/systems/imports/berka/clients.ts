/** The clients of an imported bank and their rights to its accounts, for the room that keeps parties. */
import type { Queryable } from '#kernel/database';

export interface BerkaClient {
  readonly clientId: number;
  readonly birthDate: string;
  readonly sex: 'female' | 'male';
  /** District and region, as the bank wrote them. */
  readonly district: string;
  readonly region: string;
}

export interface BerkaRight {
  readonly rightId: number;
  readonly clientId: number;
  /** Of the ledger. */
  readonly accountId: string;
  readonly role: 'owner' | 'authorised_signatory';
  /** The day the account was opened on. */
  readonly since: string;
}

/** All clients of the bank in a book, by number; none when no bank was imported into it. */
export async function berkaClients(db: Queryable, bookId: number): Promise<BerkaClient[]> {
  const { rows } = await db.query<BerkaClient>(
    `select c.client_id as "clientId", c.birth_date as "birthDate", c.sex, d.name as district, d.region
       from imports.berka_client c join imports.berka_district d using (book_id, district_id)
      where c.book_id = $1 order by c.client_id`,
    [bookId],
  );
  return rows;
}

/** All rights of these clients, by number. */
export async function berkaRights(db: Queryable, bookId: number): Promise<BerkaRight[]> {
  const { rows } = await db.query<BerkaRight>(
    `select r.right_id as "rightId", r.client_id as "clientId", a.ledger_account_id as "accountId", r.role,
        a.opened_on as since
       from imports.berka_right r join imports.berka_account a using (book_id, account_id)
      where r.book_id = $1 order by r.right_id`,
    [bookId],
  );
  return rows;
}
