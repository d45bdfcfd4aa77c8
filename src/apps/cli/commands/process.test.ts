/** `longmen process`: an operator's day, on a database of its own. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { runCli } from '#apps/cli';
import { openProcess, workUntilIdle } from '#engines/process';
import { systemClock } from '#kernel/clock';
import { createBook } from '#kernel/events';
import { bpmn, flows } from '#test/bpmn';
import { testDatabase } from '#test/database';

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

/** Members of the documents that are looked at below. */
interface Printed {
  readonly instance_id: string;
  readonly instances: readonly { readonly instance_id: string }[];
  readonly retried: readonly number[];
  readonly moved: number;
  readonly refused: readonly object[];
  readonly status: string;
}

test('an operator deploys, starts, looks, stops, mends and migrates', async (t) => {
  const db = await testDatabase(t);
  const folder = mkdtempSync(join(tmpdir(), 'longmen-process-'));
  t.after(async () => rmSync(folder, { recursive: true }));
  await db.transaction((tx) => createBook(tx, { code: 'main', name: 'Main' }, systemClock()));
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const longmen = async (...words: string[]) => {
    const [stdout, stderr] = [collector(), collector()];
    const { signal } = new AbortController();
    const env = { ...db.environment };
    const code = await runCli(words, { stdout: stdout.stream, stderr: stderr.stream, env, signal });
    return { code, stdout: stdout.text(), stderr: stderr.text() };
  };
  const json = async (...words: string[]) => {
    const { code, stdout, stderr } = await longmen('process', ...words, '--json');
    assert.equal(code, 0, `${words.join(' ')}: ${stdout} ${stderr}`);
    return JSON.parse(stdout) as Printed;
  };

  const model = (task: string) =>
    bpmn(
      `<startEvent id="s"/><serviceTask id="f" longmen:function="pay" longmen:retries="0"/><userTask id="${task}"/>${flows(`s>f>${task}`)}`,
      '',
      'claim',
    );
  const first = file('claim.bpmn', model('review'));
  assert.equal((await longmen('process', 'deploy', first)).stdout, 'claim 1\n');
  assert.equal((await longmen('process', 'deploy', first)).stdout, 'claim 1, as it was\n');
  const input = file('input.json', '{"amount": 12345678901234567890.12}');
  const { instance_id: id } = await json('start', 'claim', '--input', input, '--key', 'C-1', '--actor', 'anna');
  const engine = await openProcess({ db, book: 'main', clock: systemClock(), functions: {} });
  await workUntilIdle(engine);
  assert.match((await longmen('process', 'list', '--incidents')).stdout, /function_missing/);
  const listed = await json('list', '--process', 'claim', '--status', 'running');
  assert.deepEqual(
    listed.instances.map((one) => one.instance_id),
    [id],
  );
  assert.equal((await longmen('process', 'suspend', id, '--reason', 'to look at it')).stdout, `${id} suspended\n`);
  assert.equal((await longmen('process', 'resume', id)).stdout, `${id} running\n`);
  assert.deepEqual((await json('retry', id, '--actor', 'anna')).retried.length, 1);
  await workUntilIdle(await openProcess({ db, book: 'main', clock: systemClock(), functions: { pay: () => ({}) } }));
  await longmen('process', 'deploy', file('claim.bpmn', model('assess')));
  const plan = ['claim', '--from', '1', '--to', '2'];
  const preview = await json('migrate', ...plan, '--preview');
  assert.deepEqual([preview.moved, preview.refused.length], [0, 1]);
  assert.deepEqual(await json('migrate', ...plan, '--map', 'review=assess'), { moved: 1, refused: [] });
  const shown = (await longmen('process', 'show', id)).stdout;
  assert.match(shown, /^claim 2, running, C-1\n/);
  assert.match(shown, /amount = "12345678901234567890.12"/);
  assert.match(shown, /anna +start /);
  assert.match(shown, /suspend .*"reason":"to look at it"/);
  const cancelled = await json('cancel', id);
  assert.equal(cancelled.status, 'cancelled');

  const refused = await longmen(
    'process',
    'deploy',
    file('bad.bpmn', bpmn('<startEvent id="s"/><serviceTask id="f"/>')),
  );
  assert.deepEqual([refused.code, refused.stderr.split(':')[0]], [1, 'process_model_invalid']);
  assert.equal((await longmen('process', 'show', 'x')).stderr.split(':')[0], 'process_id_malformed');
  assert.equal((await longmen('process', 'list', '--status', 'odd')).code, 2);
  assert.equal((await longmen('process', 'migrate', 'claim', '--from', 'x', '--to', '2')).code, 2);
});
