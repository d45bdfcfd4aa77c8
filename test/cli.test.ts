/** The `longmen` command: what goes where, what the exit code says, and that every command keeps to it. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { after, suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { runCli } from '#apps/cli';
import { projectText, root } from './house/files.ts';

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const folder = mkdtempSync(join(tmpdir(), 'longmen-cli-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const environment = {
  ...Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('LONGMEN_') && name !== 'DATABASE_URL'),
  ),
  LONGMEN_DATA: join(folder, 'data'),
};

/** Runs `longmen` with `words` as a process of its own and waits for its end. */
function longmen(words: readonly string[], env: Record<string, string> = {}): Promise<Ended> {
  return new Promise((resolve) => {
    const options = { cwd: folder, env: { ...environment, ...env } };
    execFile(process.execPath, [join(root, 'bin/longmen.js'), ...words], options, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : (error.code as number | null), stdout, stderr });
    });
  });
}

/** As {@link longmen} in this process, which is much quicker; for command lines that open nothing. */
async function longmenHere(words: readonly string[]): Promise<Ended> {
  const [stdout, stderr] = [collector(), collector()];
  const signal = new AbortController().signal;
  const code = await runCli(words, { stdout: stdout.stream, stderr: stderr.stream, env: environment, signal });
  return { code, stdout: stdout.text(), stderr: stderr.text() };
}

function collector() {
  const parts: string[] = [];
  const stream = new Writable({
    decodeStrings: false,
    write(text: string, _encoding, done) {
      parts.push(text);
      done();
    },
  });
  return { stream, text: () => parts.join('') };
}

/** Command lines of all commands, read from the help texts themselves. */
async function allCommands(family: readonly string[] = []): Promise<string[][]> {
  const { stdout } = await longmenHere([...family, '--help']);
  const listed = stdout.split('\nCommands:\n')[1]?.split('\n\n')[0] ?? '';
  const names = [...listed.matchAll(/^ {2}([a-z][a-z-]*)/gm)].map((match) => match[1] ?? '');
  if (names.length === 0) return [[...family]];
  return (await Promise.all(names.map((name) => allCommands([...family, name])))).flat();
}

test('--version and --help are answered on standard output with exit code 0', async () => {
  const { version } = JSON.parse(projectText('package.json')) as { version: string };
  assert.deepEqual(await longmen(['--version']), { code: 0, stdout: `${version}\n`, stderr: '' });
  assert.deepEqual(JSON.parse((await longmen(['--version', '--json'])).stdout), { version });
  const help = await longmen(['--help']);
  assert.equal(help.code, 0);
  assert.match(help.stdout, /Usage: longmen/);
});

test('npx longmen works in the checkout', { timeout: 60_000 }, async () => {
  const { version } = JSON.parse(projectText('package.json')) as { version: string };
  const stdout = await new Promise((resolve, reject) => {
    const options = { cwd: root, shell: process.platform === 'win32' };
    execFile('npx', ['longmen', '--version'], options, (error, out) => (error === null ? resolve(out) : reject(error)));
  });
  assert.equal(stdout, `${version}\n`);
});

test('every command has a help text with an example, and its page in docs/cli.md', async () => {
  const commands = await allCommands();
  assert.ok(commands.length >= 7, `${commands.length} commands`);
  const page = projectText('docs/cli.md');
  for (const command of commands) {
    const name = command.join(' ');
    const { code, stdout } = await longmenHere([...command, '--help']);
    assert.equal(code, 0, name);
    assert.match(stdout, new RegExp(`\\nExamples?:\\n  \\$ .*longmen ${name}`), name);
    assert.match(stdout, /--json/, name);
    assert.ok(page.includes(`\`longmen ${name}`), `docs/cli.md says nothing about longmen ${name}`);
  }
});

test('a wrong command line is a usage error: exit code 2, and one JSON document with --json', async () => {
  const wrong = [
    ['no-such-command'],
    ['config', '--no-such-option'],
    ['config', 'one-too-many'],
    ['book', 'create'],
    ['book'],
    [],
    ['config', '--data'],
  ];
  for (const words of wrong) {
    const plain = await longmenHere(words);
    assert.equal(plain.code, 2, words.join(' '));
    assert.equal(plain.stdout, '');
    assert.match(plain.stderr, /(^|\n)usage: [^\n]+\n$/);
    const { code, stdout } = await longmenHere(['--json', ...words]);
    assert.equal(code, 2, words.join(' '));
    const { error } = JSON.parse(stdout) as { error: { code: string; detail: string } };
    assert.equal(error.code, 'usage');
    assert.ok(error.detail.length > 0);
  }
});

test('config shows every setting, hides passwords, and takes options before and after the command', async () => {
  const url = 'postgres://longmen:very-secret@127.0.0.1:1/longmen';
  for (const words of [
    ['config', '--json', '--data', 'elsewhere'],
    ['--json', '--data', 'elsewhere', 'config'],
  ]) {
    const { code, stdout, stderr } = await longmen(words, { DATABASE_URL: url, LONGMEN_PORT: '9090' });
    assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
    assert.doesNotMatch(stdout, /very-secret/);
    const { settings } = JSON.parse(stdout) as { settings: { env: string; value: unknown; doc: string }[] };
    const value = (env: string) => settings.find((setting) => setting.env === env)?.value;
    assert.equal(value('LONGMEN_PORT'), 9090);
    assert.equal(value('DATABASE_URL'), '(hidden)');
    assert.equal(value('LONGMEN_DATA'), join(folder, 'elsewhere'));
    assert.ok(settings.every((setting) => setting.doc.length > 10));
  }
  const { stdout } = await longmen(['config']);
  assert.match(stdout, /LONGMEN_PORT = 8080\n/);
});

test('an error is one line `code: detail`, and with --json a document; exit code 1', async () => {
  const plain = await longmen(['config'], { LONGMEN_NO_SUCH_KEY: '1' });
  assert.deepEqual(
    { ...plain, stderr: plain.stderr.split(':')[0] },
    { code: 1, stdout: '', stderr: 'config_key_unknown' },
  );
  assert.equal(plain.stderr.trim().split('\n').length, 1);
  const { code, stdout } = await longmen(['config', '--json'], { LONGMEN_NO_SUCH_KEY: '1' });
  assert.equal(code, 1);
  const { error } = JSON.parse(stdout) as { error: { code: string; key: string } };
  assert.equal(error.code, 'config_key_unknown');
  const unreachable = { DATABASE_URL: 'postgres://longmen:very-secret@127.0.0.1:1/longmen' };
  const failed = await longmen(['book', 'list', '--json'], unreachable);
  assert.equal(failed.code, 1);
  assert.equal((JSON.parse(failed.stdout) as { error: { code: string } }).error.code, 'database_unreachable');
  assert.doesNotMatch(failed.stdout + failed.stderr, /very-secret/);
});

suite('on a data folder', { timeout: 300_000 }, () => {
  test('migrate applies everything once', async () => {
    const first = JSON.parse((await longmen(['migrate', '--json'])).stdout) as { applied: string[]; total: number };
    assert.equal(first.applied.length, first.total);
    assert.ok(first.applied[0]?.startsWith('kernel/'));
    const again = await longmen(['migrate', '--json']);
    assert.deepEqual(JSON.parse(again.stdout), { applied: [], total: first.total });
    assert.equal(again.stderr, '');
  });

  test('books are created once and listed', async () => {
    const words = ['book', 'create', 'branch2', '--name', '第二支行', '--json'];
    const { book } = JSON.parse((await longmen(words)).stdout) as { book: { code: string; name: string } };
    assert.deepEqual([book.code, book.name], ['branch2', '第二支行']);
    assert.equal((await longmen(words)).code, 0);
    const other = await longmen(['book', 'create', 'branch2', '--name', 'other']);
    assert.deepEqual([other.code, other.stderr.split(':')[0]], [1, 'book_exists_differently']);
    const { stdout } = await longmen(['book', 'list']);
    assert.match(stdout, /branch2\s+第二支行/);
  });

  test('tokens are shown once, listed without secret, and revoked', async () => {
    const made = await longmen(['token', 'create', 'nightly import', '--json']);
    const { token, token_id } = JSON.parse(made.stdout) as { token: string; token_id: string };
    assert.match(token, /^lm_[\w-]{43}$/);
    const listed = await longmen(['token', 'list', '--json']);
    assert.doesNotMatch(listed.stdout, new RegExp(token));
    assert.equal((await longmen(['token', 'revoke', token_id])).code, 0);
    const { tokens } = JSON.parse((await longmen(['token', 'list', '--json'])).stdout) as {
      tokens: { token_id: string; revoked_at: string | null }[];
    };
    assert.notEqual(tokens.find((one) => one.token_id === token_id)?.revoked_at ?? null, null);
    const unknown = await longmen(['token', 'revoke', 'nobody']);
    assert.deepEqual([unknown.code, unknown.stderr.split(':')[0]], [1, 'token_not_found']);
    const plain = await longmen(['token', 'create', 'script']);
    assert.match(plain.stdout, /^lm_[\w-]{43}\n$/);
  });

  test('verify and export answer for an empty book, and refuse an unknown one', async () => {
    const verified = await longmen(['verify', '--book', 'branch2', '--json']);
    assert.equal(verified.code, 0);
    const report = JSON.parse(verified.stdout) as { ok: boolean; books: unknown[]; findings: unknown[] };
    assert.deepEqual([report.ok, report.books.length, report.findings], [true, 1, []]);
    const exported = await longmen(['export', 'hledger', '--book', 'branch2', '--json']);
    const { transfers, journal } = JSON.parse(exported.stdout) as { transfers: number; journal: string };
    assert.deepEqual([transfers, typeof journal], [0, 'string']);
    const file = join(folder, 'branch2.beancount');
    assert.equal((await longmen(['export', 'beancount', '--book', 'branch2', '--output', file])).code, 0);
    assert.ok(existsSync(file));
    for (const words of [
      ['verify', '--book', 'nobody'],
      ['export', 'hledger', '--book', 'nobody', '--output', join(folder, 'nobody.journal')],
    ]) {
      const refused = await longmen(words);
      assert.deepEqual([refused.code, refused.stderr.split(':')[0]], [1, 'book_not_found']);
    }
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.startsWith('nobody')),
      [],
    );
  });

  test('import says what became of a file, and exit code 0 only if all of it was taken', async () => {
    const row = '00000000-0000-4000-8000-000000000001,00000000-0000-4000-8000-000000000002';
    const header = 'debit_account_id,credit_account_id,amount,currency';
    const file = join(folder, 'payments.csv');
    writeFileSync(file, `${header}\n${row},12.30,CNY\n`);
    const words = ['import', 'transfers', file, '--book', 'branch2', '--json'];
    const refused = await longmen(words);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /debit_account_not_found[\s\S]*import_with_refusals: /);
    const { transfers, accepted, refusals } = JSON.parse(refused.stdout) as {
      transfers: number;
      accepted: number;
      refusals: { line: number; code: string }[];
    };
    assert.deepEqual([transfers, accepted, refusals[0]?.line, refusals[0]?.code], [1, 0, 2, 'debit_account_not_found']);
    assert.equal((await longmen(words)).stdout, refused.stdout);

    writeFileSync(file, `${header}\n${row},12.30,CNY\n${row},12.305,CNY\n`);
    const damaged = await longmen(words);
    const { error } = JSON.parse(damaged.stdout) as { error: { code: string; file: string; line: number } };
    assert.deepEqual([damaged.code, error.code, error.file, error.line], [1, 'import_row_invalid', 'payments.csv', 3]);
    const nowhere = await longmen(['import', 'berka', join(folder, 'nowhere')]);
    assert.deepEqual([nowhere.code, nowhere.stderr.split(':')[0]], [1, 'import_file_missing']);
    assert.equal((await longmen(['import', 'transfers', file, '--format', 'xml'])).code, 2);
  });

  test('start serves until it is interrupted, beside other commands, and only once per data folder', async (t) => {
    const child = spawn(process.execPath, [join(root, 'bin/longmen.js'), 'start', '--json'], {
      cwd: folder,
      env: { ...environment, LONGMEN_PORT: '0' },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    t.after(() => child.kill('SIGKILL'));
    const ended = new Promise((resolve) => child.on('close', resolve));
    const stdout = collect(child);
    while (!stdout().endsWith('}\n')) {
      assert.equal(child.exitCode, null, 'the server ended before it was ready');
      await sleep(50);
    }
    const { url, reference } = JSON.parse(stdout()) as { url: string; reference: string };
    assert.equal((await fetch(`${url}/health/ready`)).status, 200);
    assert.equal((await fetch(reference)).status, 200);
    const made = JSON.parse((await longmen(['token', 'create', 'caller', '--json'])).stdout) as { token: string };
    const call = (token: string) =>
      fetch(`${url}/api/v1/ledger/books`, { headers: { authorization: `Bearer ${token}` } });
    assert.equal((await call(made.token)).status, 200);
    assert.equal((await call(`${made.token}x`)).status, 401);
    const second = await longmen(['start'], { LONGMEN_PORT: '0' });
    assert.deepEqual([second.code, second.stderr.split(':')[0]], [1, 'data_folder_in_use']);
    child.kill('SIGTERM');
    assert.equal(await ended, 0);
  });

  test('an interrupted command ends with exit code 1 and says so', async () => {
    const child = spawn(
      process.execPath,
      [join(root, 'bin/longmen.js'), 'migrate', '--json', '--data', join(folder, 'other')],
      {
        cwd: folder,
        env: environment,
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    const stdout = collect(child);
    // Long enough to be at work on a fresh data folder, which takes seconds, and much less than that.
    setTimeout(() => child.kill('SIGTERM'), 700);
    const code = await new Promise((resolve) => child.on('close', resolve));
    assert.equal(code, 1);
    assert.equal((JSON.parse(stdout()) as { error: { code: string } }).error.code, 'interrupted');
  });
});

function collect(child: ChildProcess): () => string {
  let text = '';
  child.stdout?.on('data', (part: Buffer) => {
    text += part.toString();
  });
  return () => text;
}
