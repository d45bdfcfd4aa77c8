/** The ledger's HTTP interface as an outside program uses it. */

/** Where a server is and how to log in. */
export interface Target {
  readonly url: string;
  readonly token: string;
}

/** A transfer as it is sent. */
export interface SentTransfer {
  readonly id: string;
  readonly kind?: 'transfer' | 'pending' | 'post' | 'void';
  readonly debit_account_id?: string;
  readonly credit_account_id?: string;
  readonly amount?: string;
  readonly currency?: string;
  readonly pending_id?: string;
  readonly keep_remainder?: boolean;
  readonly linked?: boolean;
}

/** The answer to one transfer. */
export interface Result {
  readonly id: string;
  readonly status: 'accepted' | 'refused';
  readonly code: string;
  readonly sequence: string | null;
  readonly recorded_at: string;
  readonly repeated: boolean;
}

export interface AccountReply {
  readonly id: string;
  readonly currency: string;
  readonly side: 'debit' | 'credit';
  readonly debits_pending: string;
  readonly credits_pending: string;
  readonly debits_posted: string;
  readonly credits_posted: string;
  readonly balance: string;
  readonly available: string;
}

const timeoutMs = 20_000;

/** One call; null when the connection or the server ended before the answer did. */
export async function call(
  target: Target,
  path: string,
  body?: object,
  method = body === undefined ? 'GET' : 'POST',
): Promise<{ status: number; body: unknown } | null> {
  try {
    const response = await fetch(`${target.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${target.token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(timeoutMs),
    });
    return { status: response.status, body: await response.json() };
  } catch {
    // The connection or the server ended before the answer did.
    return null;
  }
}

/** Posts transfers. Null when no answer says what became of them: then the same are to be posted again. */
export async function postTransfers(target: Target, transfers: readonly SentTransfer[]): Promise<Result[] | null> {
  const answer = await call(target, '/api/v1/ledger/transfers', { transfers });
  if (answer === null || answer.status >= 500) return null;
  const { results } = answer.body as { results?: Result[] };
  if (results === undefined) throw unexpected(answer);
  return results;
}

/** As {@link postTransfers}, asked again until there is an answer. */
export async function postUntilAnswered(target: Target, transfers: readonly SentTransfer[]): Promise<Result[]> {
  for (let attempt = 1; attempt <= 50; attempt++) {
    const results = await postTransfers(target, transfers);
    if (results !== null) return results;
    await new Promise((done) => setTimeout(done, 200));
  }
  throw new Error(`no answer from ${target.url} in 50 attempts`);
}

/** Whether the books know an id. */
export async function isKnown(target: Target, id: string): Promise<boolean> {
  const answer = await call(target, `/api/v1/ledger/transfers/${id}`);
  if (answer?.status === 200) return true;
  if (answer?.status === 404) return false;
  throw unexpected(answer);
}

export async function openAccounts(target: Target, accounts: readonly object[]): Promise<void> {
  const answer = await call(target, '/api/v1/ledger/accounts', { accounts });
  if (answer?.status !== 201) throw unexpected(answer);
}

/** All accounts of the book. */
export async function readAccounts(target: Target): Promise<AccountReply[]> {
  const accounts: AccountReply[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const path: string = `/api/v1/ledger/accounts?limit=100${cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`}`;
    const answer = await call(target, path);
    if (answer?.status !== 200) throw unexpected(answer);
    const page = answer.body as { items: AccountReply[]; next_cursor: string | null };
    accounts.push(...page.items);
    cursor = page.next_cursor;
  }
  return accounts;
}

/** Whether the server says it can work, and can. */
export async function isReady(target: Target): Promise<boolean> {
  const [ready, accounts] = [
    await call(target, '/health/ready'),
    await call(target, '/api/v1/ledger/accounts?limit=1'),
  ];
  return ready?.status === 200 && accounts?.status === 200;
}

function unexpected(answer: { status: number; body: unknown } | null): Error {
  return new Error(
    `unexpected answer: ${answer === null ? 'none' : `${answer.status} ${JSON.stringify(answer.body)}`}`,
  );
}
