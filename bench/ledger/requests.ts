/** Requests to the ledger's HTTP interface as bytes ready to send, and what their answers say. */
import type { HttpAnswer } from './connection.ts';

/** Where the server listens, and the token it wants. */
export interface Target {
  readonly port: number;
  readonly token: string;
}

export const HOST = '127.0.0.1';
/** The most accounts or transfers that one request may hold. */
export const LARGEST_BATCH = 8192;

/** A POST with a JSON body (ASCII) to `path` below `/api/v1/ledger`. */
export function post({ port, token }: Target, path: string, body: string): Buffer {
  const head =
    `POST /api/v1/ledger/${path} HTTP/1.1\r\nHost: ${HOST}:${port}\r\nAuthorization: Bearer ${token}\r\n` +
    `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;
  return Buffer.from(head + body, 'latin1');
}

export interface TransferText {
  readonly id: string;
  readonly debit: string;
  readonly credit: string;
  /** Major units. */
  readonly amount: string;
  readonly effectiveDate: string;
}

/** One transfer in JSON. */
export function transferJson({ id, debit, credit, amount, effectiveDate }: TransferText): string {
  return (
    `{"id":"${id}","debit_account_id":"${debit}","credit_account_id":"${credit}",` +
    `"amount":"${amount}","currency":"CNY","effective_date":"${effectiveDate}"}`
  );
}

export interface AccountText {
  readonly id: string;
  readonly code: string;
  readonly side: 'debit' | 'credit';
  readonly limited: boolean;
  /** Groups it is a member of, as `dimension:code`. */
  readonly groups?: readonly string[];
}

/** One account in JSON. A limited one is checked against both of its limits whenever it moves. */
export function accountJson({ id, code, side, limited, groups = [] }: AccountText): string {
  const limits = limited ? '{"minimum":"0.00","maximum":"1000000000.00"}' : '{"minimum":null,"maximum":null}';
  const keys = groups
    .map((group) => group.split(':'))
    .map(([dimension, at]) => `{"dimension":"${dimension}","code":"${at}"}`);
  return `{"id":"${id}","currency":"CNY","code":"${code}","side":"${side}","limits":${limits},"groups":[${keys.join(',')}]}`;
}

export interface Decided {
  readonly accepted: number;
  readonly refused: number;
}

/**
 * Counts what the answer to a request of `size` transfers decided.
 * @throws Error when it does not decide exactly as many, or repeats what was answered before.
 */
export function decided({ status, body }: HttpAnswer, size: number): Decided {
  const text = body.toString('latin1');
  const accepted = count(text, '"status":"accepted"');
  // A problem document has a status as well, which is a number.
  const refused = accepted === size ? 0 : count(text, '"status":"refused"');
  if ((status !== 200 && status !== 422) || accepted + refused !== size || text.includes('"repeated":true')) {
    throw new Error(`${size} transfers were answered with ${status}: ${text.slice(0, 400)}`);
  }
  return { accepted, refused };
}

function count(text: string, part: string): number {
  let found = 0;
  for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + part.length)) found++;
  return found;
}
