/** Reads alerts and truth from files. Errors: `simulation_file_missing`, `simulation_row_invalid`. */
import { createReadStream, existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { parse } from 'csv-parse';
import { parseInstant } from '#kernel/dates';
import { isUuid } from '#kernel/ids';
import { parseAmountMinor } from '#kernel/money';
import { simulationError } from '../errors.ts';
import { type Alert, type Evaluation, evaluate, type Truth } from './evaluate.ts';

type Row = Readonly<Record<string, string>>;

/** Judges a file of alerts (`transfer_id` or `account_id`, and `score`, `raised_at` if there are) by the truth in a folder. */
export async function evaluateFiles(alertsFile: string, truthFolder: string): Promise<Evaluation> {
  const alerts = await readAlerts(alertsFile);
  return evaluate(await readTruth(truthFolder), alerts);
}

async function readAlerts(file: string): Promise<Alert[]> {
  const alerts: Alert[] = [];
  for await (const { row, line } of read(file)) {
    const fault = (reason: string) => invalid(file, line, reason);
    const [transferId, accountId] = [filled(row.transfer_id), filled(row.account_id)];
    if (transferId === undefined && accountId === undefined) throw fault('names neither transfer_id nor account_id');
    if (!isUuid(transferId ?? accountId ?? '')) throw fault(`"${transferId ?? accountId}" is not a UUID`);
    const score = filled(row.score) === undefined ? 0 : Number(row.score);
    if (!Number.isFinite(score)) throw fault(`score: "${row.score}" is not a number`);
    const raised = filled(row.raised_at);
    alerts.push({
      transferId: transferId?.toLowerCase(),
      accountId: accountId?.toLowerCase(),
      score,
      raisedAt: raised === undefined ? undefined : milliseconds(raised, fault),
    });
  }
  return alerts;
}

async function readTruth(folder: string): Promise<Truth> {
  const truth = { transactions: [], patterns: [], accounts: [] } as {
    transactions: Truth['transactions'][number][];
    patterns: Truth['patterns'][number][];
    accounts: Truth['accounts'][number][];
  };
  for await (const { row } of read(truthFile(folder, 'truth_patterns'))) {
    truth.patterns.push({
      patternId: row.pattern_id ?? '',
      typology: row.typology ?? '',
      isGuilty: row.truth === 'guilty',
    });
  }
  for await (const { row } of read(truthFile(folder, 'truth_accounts'))) {
    truth.accounts.push({ patternId: row.pattern_id ?? '', accountId: row.account_id ?? '', role: row.role ?? '' });
  }
  const file = truthFile(folder, 'truth_transactions');
  for await (const { row, line } of read(file)) {
    const fault = (reason: string) => invalid(file, line, reason);
    const parsed = parseAmountMinor(row.amount ?? '', 'CNY');
    if (!parsed.ok) throw fault(`amount: "${row.amount}" is refused (${parsed.code})`);
    truth.transactions.push({
      transferId: row.transfer_id ?? '',
      patternId: row.pattern_id ?? '',
      debitAccountId: row.debit_account_id ?? '',
      creditAccountId: row.credit_account_id ?? '',
      amountMinor: parsed.amountMinor,
      occurredAt: milliseconds(row.occurred_at ?? '', fault),
    });
  }
  return truth;
}

function truthFile(folder: string, name: string): string {
  const jsonl = join(folder, `${name}.jsonl`);
  return existsSync(jsonl) ? jsonl : join(folder, `${name}.csv`);
}

/** The records of a CSV file with a header, or of a JSON Lines file, with their lines. */
async function* read(file: string): AsyncGenerator<{ row: Row; line: number }> {
  if (!existsSync(file)) throw simulationError('simulation_file_missing', `${file} is not there`, { file });
  const stream = createReadStream(file);
  try {
    if (file.endsWith('.jsonl')) {
      let line = 0;
      for await (const text of createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })) {
        line += 1;
        yield { row: object(file, line, text), line };
      }
      return;
    }
    const parser = stream.pipe(parse({ columns: true, bom: true, skipEmptyLines: true, info: true }));
    for await (const { record, info } of parser as AsyncIterable<{ record: Row; info: { lines: number } }>) {
      yield { row: record, line: info.lines };
    }
  } catch (error) {
    if (error instanceof Error && 'code' in error && String(error.code).startsWith('CSV_'))
      throw invalid(file, 0, error.message);
    throw error;
  } finally {
    stream.destroy();
  }
}

function object(file: string, line: number, text: string): Row {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === 'object' && parsed !== null) return parsed as Row;
  } catch {
    // The same fault as JSON that is no object.
  }
  throw invalid(file, line, 'is not a JSON object');
}

function filled(text: string | undefined): string | undefined {
  return text === undefined || text === '' ? undefined : text;
}

function milliseconds(text: string, fault: (reason: string) => Error): number {
  try {
    return parseInstant(text).epochMilliseconds;
  } catch {
    throw fault(`"${text}" is not an instant such as 2025-01-31T12:00:00Z`);
  }
}

function invalid(file: string, line: number, reason: string) {
  const where = line > 0 ? `, line ${line}` : '';
  return simulationError('simulation_row_invalid', `${basename(file)}${where}: ${reason}`, {
    file: basename(file),
    line,
  });
}
