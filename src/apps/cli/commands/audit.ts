import { createWriteStream } from 'node:fs';
import { rename } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import type { AuditEntry, AuditFilter } from '#kernel/audit';
import { addExample, type RegisterCommand } from '../command.ts';
import type { Context } from '../context.ts';
import { table, UsageError } from '../output.ts';

/** `longmen audit list|export|subject`: who read or changed what, when, from where, why, and on whose approval. */
export const auditCommand: RegisterCommand = (program, act) => {
  const family = program
    .command('audit')
    .helpCommand(false)
    .description('the audit trail: who read or changed what, when, from where, and why');
  addExample(family, 'longmen audit list --subject party:<id>');

  const list = withFilter(family.command('list').description('entries, newest first'))
    .option('--limit <count>', 'how many at most', '50')
    .action(
      act(async (context, _words, options) => {
        const { entryJson, searchAudit } = await import('#kernel/audit');
        const limit = String(options.limit);
        if (!/^[1-9]\d{0,4}$/.test(limit)) throw new UsageError('--limit is a number from 1 to 99999');
        const filter = await filterOf(options);
        const db = await context.database();
        await note(context, 'audit:read', filter);
        const entries = await searchAudit(db, filter, Number(limit));
        context.output.result({ entries: entries.map(entryJson) }, () =>
          table(['entry', 'when', 'who', 'action', 'status', 'subjects', 'reason'], entries.map(row), {
            right: [0, 4],
          }),
        );
      }),
    );
  addExample(list, 'longmen audit list --action party:* --from 2026-01-01T00:00:00Z', 'longmen audit list --json');

  const copy = withFilter(family.command('export').description('entries as a CSV file, newest first'))
    .requiredOption('--output <file>', 'the file')
    .action(
      act(async (context, _words, options) => {
        const { allAudit, csvHeader, csvLine } = await import('#kernel/audit');
        const file = String(options.output);
        const filter = await filterOf(options);
        const db = await context.database();
        await note(context, 'audit:export', filter);
        let entries = 0;
        async function* lines() {
          yield `\ufeff${csvHeader}`;
          for await (const page of allAudit(db, filter)) {
            entries += page.length;
            yield page.map(csvLine).join('');
          }
        }
        // Nobody should find half a file under the name that was asked for.
        await pipeline(lines, createWriteStream(`${file}.partial`, { mode: 0o600 }));
        await rename(`${file}.partial`, file);
        context.output.result({ file, entries }, () => `${entries} entries: ${file}`);
      }),
    );
  addExample(copy, 'longmen audit export --from 2026-01-01T00:00:00Z --output audit.csv');

  const subject = family
    .command('subject')
    .description('who looked at one subject or changed it, when and why: what a customer may be told')
    .argument('<subject>', 'kind:id, such as party:<id>')
    .action(
      act(async (context, [word = '']) => {
        const { allAudit, parseSubject, subjectLine } = await import('#kernel/audit');
        const asked = parseSubject(word);
        const lines: ReturnType<typeof subjectLine>[] = [];
        const db = await context.database();
        await note(context, 'audit.subject:read', { subject: asked });
        for await (const page of allAudit(db, { subject: asked })) lines.push(...page.map(subjectLine));
        context.output.result({ subject: word, entries: lines }, () =>
          table(
            ['when', 'who', 'did what', '做了什么', 'why', 'approval'],
            lines.map(({ recorded_at, actor, deed, reason, approval_id }) => [
              recorded_at,
              actor.name ?? actor.id,
              deed.en,
              deed.zh,
              reason ?? '',
              approval_id ?? '',
            ]),
          ),
        );
      }),
    );
  addExample(subject, 'longmen audit subject party:01890000-0000-7000-8000-000000000001');
};

function withFilter(command: ReturnType<Parameters<RegisterCommand>[0]['command']>) {
  return command
    .option('--actor <id>', 'only what this actor did')
    .option('--subject <kind:id>', 'only what was about this subject')
    .option('--action <permission>', 'only this action; party:* for all on parties')
    .option('--outcome <outcome>', 'only what was done, refused or failed')
    .option('--from <instant>', 'from this instant on (RFC 3339)')
    .option('--to <instant>', 'before this instant');
}

const outcomes = ['done', 'refused', 'failed'] as const;

async function filterOf(options: Readonly<Record<string, unknown>>): Promise<AuditFilter> {
  const [{ parseSubject }, { parseInstant }, { isUuid }] = await Promise.all([
    import('#kernel/audit'),
    import('#kernel/dates'),
    import('#kernel/ids'),
  ]);
  const text = (name: string) => (options[name] === undefined ? undefined : String(options[name]));
  const instant = (name: string) => {
    const given = text(name);
    return given === undefined ? undefined : parseInstant(given).toString();
  };
  const [actorId, subject, given] = [text('actor'), text('subject'), text('outcome')];
  const outcome = outcomes.find((one) => one === given);
  if (given !== undefined && outcome === undefined) throw new UsageError('--outcome is done, refused or failed');
  if (actorId !== undefined && !isUuid(actorId)) throw new UsageError('--actor is a UUID');
  return {
    actorId,
    subject: subject === undefined ? undefined : parseSubject(subject),
    action: text('action'),
    outcome,
    from: instant('from'),
    to: instant('to'),
  };
}

/** Reading the trail is recorded in it: here in the name of the house, as the operating system knows its operator. */
async function note(context: Context, action: string, { subject }: AuditFilter): Promise<void> {
  const { auditChange } = await import('#kernel/audit');
  const subjects = subject === undefined ? [] : [subject];
  const db = await context.database();
  await db.transaction((tx) =>
    auditChange(tx, context.clock, { action, effect: 'read', subjects, reason: 'longmen audit' }),
  );
}

function row(entry: AuditEntry): string[] {
  return [
    entry.sequence.toString(),
    entry.recordedAt,
    entry.actorName ?? entry.actorId,
    entry.action,
    String(entry.status),
    short(entry.subjects.join(' ')),
    short(entry.reason ?? ''),
  ];
}

function short(text: string): string {
  return text.length <= 60 ? text : `${text.slice(0, 59)}…`;
}
