import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { LogSource } from '#engines/evidence';
import type { AuditEvidence, AuditProof, PostingEvidence, PostingProof } from '#systems/evidence';
import { addExample, type RegisterCommand } from '../command.ts';
import type { Context } from '../context.ts';
import { table, UsageError } from '../output.ts';

/** `longmen evidence …`: proofs of postings, their verification anywhere, signing keys, static copies, erasure. */
export const evidenceCommand: RegisterCommand = (program, act) => {
  const family = program
    .command('evidence')
    .helpCommand(false)
    .description('the Merkle logs of each book and of the audit trail: proofs that outsiders can verify');
  addExample(family, 'longmen evidence prove --book main --transfer <id> --out proof.json');

  const prove = family
    .command('prove')
    .description('the proof that a transfer was posted, or recorded in the audit trail, against the newest checkpoint')
    .option('--book <code>', 'the book', 'main')
    .option('--audit', 'the audit trail in place of a book')
    .option('--transfer <id>', 'id of the transfer')
    .option('--entry <sequence>', 'with --audit: the entry of the trail')
    .option('--texts', 'add description and reference with their salts, which the leaf holds as hashes')
    .option('--out <file>', 'write the proof there')
    .action(
      act(async (context, _words, options) => {
        const proof = await makeProof(context, options);
        if (typeof options.out !== 'string') {
          context.output.result(proof, () => JSON.stringify(proof, null, 2));
          return;
        }
        const { out } = options;
        await writeWhole(out, Buffer.from(`${JSON.stringify(proof, null, 2)}\n`));
        context.output.result({ file: out, index: proof.index }, () => `leaf ${proof.index}: ${out}`);
      }),
    );
  addExample(prove, 'longmen evidence prove --transfer 01890000-0000-7000-8000-000000000003 --out proof.json');

  const verify = family
    .command('verify')
    .description('verify a proof; needs no database, only a key of the log from a source you trust')
    .argument('<file>', 'the proof')
    .requiredOption('--key <keys...>', 'verifier keys of the log, as `longmen evidence keys` shows them')
    .action(
      act(async (context, [file = ''], options) => {
        const [{ toBase64, verifyProof }, { AUDIT_LEAF_VERSION, decodeAuditLeaf, decodeLeaf }] = await Promise.all([
          import('#engines/evidence'),
          import('#systems/evidence'),
        ]);
        const keys = Array.isArray(options.key) ? options.key.map(String) : [];
        const proved = verifyProof(await readJson(file), keys);
        const { origin, index, size, root } = proved;
        const isAudit = proved.entry[0] === AUDIT_LEAF_VERSION;
        const leaf = isAudit ? { entry: decodeAuditLeaf(proved.entry) } : { posting: decodeLeaf(proved.entry) };
        context.output.result({ ok: true, origin, index, size, root: toBase64(root), ...leaf }, () =>
          [
            `good: leaf ${index} of ${origin} at size ${size}`,
            ...Object.entries(leaf.entry ?? leaf.posting).map(([name, value]) => `${name}: ${value}`),
          ].join('\n'),
        );
      }),
    );
  addExample(verify, 'longmen evidence verify proof.json --key "$(cat bank.key)"');

  const checkpoint = family
    .command('checkpoint')
    .description('bring the log up to the journal, sign it, and print the checkpoint')
    .option('--book <code>', 'the book', 'main')
    .option('--audit', 'the audit trail in place of a book')
    .action(
      act(async (context, _words, options) => {
        const { findBook } = await import('#kernel/events');
        const { audit, evidence } = await open(context);
        const progress = context.progress();
        const isAudit = options.audit === true;
        const book = isAudit ? null : await findBook(await context.database(), String(options.book));
        const made =
          book === null
            ? await audit.catchUp((done, total) => progress(done, total, 'entries'))
            : await evidence.catchUp(book, (done, total) => progress(done, total, 'postings'));
        context.output.result(
          { book: book?.code ?? null, size: made.size, signed_at: made.signedAt, checkpoint: made.note },
          () => made.note,
        );
      }),
    );
  addExample(checkpoint, 'longmen evidence checkpoint --book main');

  const keys = family
    .command('keys')
    .description('the verifier keys of a log, to be handed to those who verify')
    .option('--book <code>', 'the book', 'main')
    .option('--audit', 'the audit trail in place of a book')
    .action(act(async (context, _words, options) => showKeys(context, options)));
  addExample(keys, 'longmen evidence keys --json');

  const rotate = family
    .command('rotate')
    .description('make a new signing key; those before it sign beside it for a while')
    .option('--overlap-days <days>', 'how long the keys before it go on signing', '30')
    .action(
      act(async (context, _words, options) => {
        const days = String(options.overlapDays);
        if (!/^\d{1,4}$/.test(days)) throw new UsageError('--overlap-days is a number from 0 to 9999');
        const { keyring } = (await open(context)).evidence;
        const made = await keyring.rotate(await context.database(), Number(days));
        context.output.result({ key_id: made.id, valid_from: made.validFrom }, () => `new signing key ${made.id}`);
        context.output.note('Hand out the new verifier keys before the old ones end: longmen evidence keys');
      }),
    );
  addExample(rotate, 'longmen evidence rotate --overlap-days 30');

  const copy = family
    .command('export')
    .description('a log as static files, which any web server can serve to clients of tiled logs')
    .option('--book <code>', 'the book', 'main')
    .option('--audit', 'the audit trail in place of a book')
    .requiredOption('--output <folder>', 'where the files go')
    .action(
      act(async (context, _words, options) => {
        const { exportLog } = await import('#engines/evidence');
        const folder = String(options.output);
        const progress = context.progress();
        const counts = await exportLog(
          await context.database(),
          await sourceOf(context, options),
          (path, bytes) => writeWhole(join(folder, path), bytes),
          (done, total) => progress(done, total, 'tiles'),
        );
        context.output.result({ folder, ...counts }, () => `${counts.size} leaves in ${counts.files} files: ${folder}`);
      }),
    );
  addExample(copy, 'longmen evidence export --book main --output ./main-log');

  const erase = family
    .command('erase')
    .description('erase description and reference of a posting for good; its leaf and all proofs stay valid')
    .option('--book <code>', 'the book', 'main')
    .requiredOption('--transfer <id>', 'id of the transfer')
    .requiredOption('--reason <text>', 'why; kept')
    .action(
      act(async (context, _words, options) => {
        const { evidence } = await open(context);
        const db = await context.database();
        const erased = await db.transaction((tx) =>
          evidence.erase(tx, String(options.book), String(options.transfer), String(options.reason)),
        );
        context.output.result({ erased }, () => (erased ? 'erased' : 'there was nothing to erase'));
      }),
    );
  addExample(erase, "longmen evidence erase --transfer 01890000-0000-7000-8000-000000000003 --reason 'request 17'");
};

type Options = Readonly<Record<string, unknown>>;

async function open(context: Context): Promise<{ evidence: PostingEvidence; audit: AuditEvidence }> {
  const { evidenceFolder, openAuditEvidence, openPostingEvidence } = await import('#systems/evidence');
  const config = await context.config();
  const deps = {
    db: await context.database(),
    clock: context.clock,
    folder: evidenceFolder(config),
    origin: config.evidenceOrigin,
    log: await context.log(),
  };
  return { evidence: openPostingEvidence(deps), audit: openAuditEvidence(deps) };
}

async function makeProof(context: Context, options: Options): Promise<PostingProof | AuditProof> {
  if (options.audit === true) {
    const entry = String(options.entry ?? '');
    if (!/^[1-9]\d{0,14}$/.test(entry)) throw new UsageError('--entry is the sequence of an entry of the trail');
    return (await open(context)).audit.prove(Number(entry));
  }
  if (options.transfer === undefined) throw new UsageError('--transfer is missing, or --audit with --entry');
  const { evidence } = await open(context);
  return evidence.prove(String(options.book), String(options.transfer), { texts: options.texts === true });
}

async function sourceOf(context: Context, options: Options): Promise<LogSource> {
  const { audit, evidence } = await open(context);
  return options.audit === true ? audit.source() : evidence.source(String(options.book));
}

async function showKeys(context: Context, options: Options): Promise<void> {
  const { formatVerifierKey, readLog } = await import('#engines/evidence');
  const { keyring } = (await open(context)).evidence;
  const db = await context.database();
  const { origin } = await readLog(db, (await sourceOf(context, options)).key);
  await keyring.ensure(db);
  const keys = (await keyring.list(db)).map((key) => ({
    key_id: key.id,
    valid_from: key.validFrom,
    valid_until: key.validUntil,
    verifier_key: formatVerifierKey({ name: origin, publicKey: key.publicKey }),
  }));
  context.output.result({ origin, keys }, () =>
    table(
      ['signs from', 'until', 'verifier key'],
      keys.map((key) => [key.valid_from, key.valid_until ?? '', key.verifier_key]),
    ),
  );
}

/** Nobody should find half a file under the name that was asked for. */
async function writeWhole(file: string, bytes: Uint8Array): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(`${file}.partial`, bytes);
  await rename(`${file}.partial`, file);
}

async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw new UsageError(`cannot read ${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
