import { addExample, type RegisterCommand } from '../command.ts';
import { actorOf } from '../general-ledger.ts';
import { table, UsageError } from '../output.ts';

/** `longmen retention list|set`: how long each kind of data is kept. */
export const retentionCommand: RegisterCommand = (program, act) => {
  const family = program.command('retention').helpCommand(false).description('how long each kind of data is kept');
  addExample(family, 'longmen retention list');

  const list = family
    .command('list')
    .description('the policy of every kind of data')
    .action(
      act(async (context) => {
        const { listRetentionPolicies, retentionPolicyJson } = await import('#kernel/retention');
        const policies = (await listRetentionPolicies(await context.database())).map(retentionPolicyJson);
        context.output.result({ policies }, () =>
          table(
            ['kind', 'days', 'then', 'legal basis', 'set by'],
            policies.map((one) => [
              one.kind,
              one.keep_days === null ? 'for ever' : `${one.keep_days}`,
              one.action,
              one.legal_basis,
              one.actor ?? '',
            ]),
            { right: [1] },
          ),
        );
      }),
    );
  addExample(list, 'longmen retention list --json');

  const set = family
    .command('set')
    .description('say how long a kind of data is kept, and why; what was said before is kept')
    .argument('<kind>', 'the kind of data, as `longmen retention list` shows it')
    .requiredOption('--days <days>', 'how many days, or forever')
    .requiredOption('--legal-basis <text>', 'the law, rule or decision it rests on')
    .option('--actor <name>', 'who says so (default: the name of the system user)')
    .action(
      act(async (context, [kind = ''], options) => {
        const { retentionPolicyJson, setRetentionPolicy } = await import('#kernel/retention');
        const days = String(options.days);
        if (!/^(\d{1,7}|forever)$/.test(days)) throw new UsageError('--days is a number of days or forever');
        const change = {
          keepDays: days === 'forever' ? null : Number(days),
          legalBasis: String(options.legalBasis),
          actor: actorOf(options),
        };
        const db = await context.database();
        const policy = await db.transaction((tx) => setRetentionPolicy(tx, kind, change, context.clock));
        context.output.result({ policy: retentionPolicyJson(policy) }, () =>
          policy.keepDays === null
            ? `${policy.kind} are kept for ever`
            : `${policy.kind}: ${policy.action} after ${policy.keepDays} days`,
        );
      }),
    );
  addExample(set, "longmen retention set ledger_postings --days 5479 --legal-basis 'decision 12/2026 of the board'");
};
