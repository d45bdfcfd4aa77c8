import type { Staff } from '#kernel/identity';
import { addExample, type RegisterCommand } from '../command.ts';
import type { Context } from '../context.ts';
import { table } from '../output.ts';

/** `longmen staff list|create|link|suspend|reinstate`: the people who work here, for whoever runs the house. */
export const staffCommand: RegisterCommand = (program, act) => {
  const staff = program
    .command('staff')
    .helpCommand(false)
    .description('the people who work here, and how they get in');
  addExample(staff, 'longmen staff link admin');

  const list = staff
    .command('list')
    .description('list all people')
    .action(
      act(async (context) => {
        const { listStaff } = await import('#kernel/identity');
        const people = (await listStaff(await context.database())).map(staffJson);
        context.output.result({ staff: people }, () =>
          table(
            ['login', 'name', 'e-mail', 'unit', 'state'],
            people.map(({ login, name, email, unit_id, state }) => [login, name, email, String(unit_id), state]),
          ),
        );
      }),
    );
  addExample(list, 'longmen staff list --json');

  const create = staff
    .command('create')
    .description('invite a person and print their one-time link')
    .argument('<login>', 'what they sign in with')
    .requiredOption('--name <name>', 'their name')
    .requiredOption('--email <address>', 'their e-mail address')
    .option('--unit <code>', 'their home unit', 'institution')
    .option('--role <code>', 'a role they get in this unit')
    .action(
      act(async (context, [login = ''], options) => {
        const [{ createStaff }, access] = await Promise.all([import('#kernel/identity'), import('#kernel/access')]);
        const db = await context.database();
        const { linkHours } = await context.config();
        const unit = String(options.unit);
        const person = { login, name: String(options.name), email: String(options.email) };
        const made = await db.transaction(async (tx) => {
          await access.installStandardRoles(tx, context.clock);
          const { unitId } = await access.readUnit(tx, unit);
          const created = await createStaff(tx, { ...person, unitId }, { linkHours }, context.clock);
          if (options.role !== undefined) {
            const assignment = { staffId: created.staff.staffId, role: String(options.role), unit };
            await access.assignRole(tx, assignment, context.clock);
          }
          return created;
        });
        await printLink(context, made.link, { ...staffJson(made.staff) });
      }),
    );
  addExample(create, "longmen staff create wang.li --name '王丽' --email wang.li@bank.example --role teller");

  const link = staff
    .command('link')
    .description('print a one-time link with which a person chooses a new password; those before it stop working')
    .argument('<login>', 'what they sign in with')
    .option('--reset-factors', 'take second factors and passkeys away, too: for somebody who has lost them', false)
    .action(
      act(async (context, [login = ''], options) => {
        const { linkFor } = await import('#kernel/identity');
        const db = await context.database();
        const { linkHours } = await context.config();
        const resetsFactors = options.resetFactors === true;
        const made = await db.transaction((tx) => linkFor(tx, login, { linkHours, resetsFactors }, context.clock));
        await printLink(context, made, { login });
      }),
    );
  addExample(link, 'longmen staff link admin', 'longmen staff link wang.li --reset-factors');

  for (const [change, description] of [
    ['suspend', 'keep a person out: their sessions end within 5 seconds'],
    ['reinstate', 'invite a suspended person anew; they need a new link'],
  ] as const) {
    const command = staff
      .command(change)
      .description(description)
      .argument('<login>', 'what they sign in with')
      .action(
        act(async (context, [login = '']) => {
          const { changeStaffState, findStaff } = await import('#kernel/identity');
          const db = await context.database();
          const changed = await db.transaction(async (tx) => {
            const { staffId } = await findStaff(tx, login);
            return changeStaffState(tx, staffId, change, context.clock);
          });
          context.output.result(staffJson(changed), () => `${changed.login} is ${changed.state}`);
        }),
      );
    addExample(command, `longmen staff ${change} wang.li`);
  }
};

function staffJson({ staffId, login, name, email, locale, unitId, state, createdAt }: Staff) {
  return { staff_id: staffId, login, name, email, locale, unit_id: unitId, state, created_at: createdAt };
}

async function printLink(
  context: Context,
  link: { token: string; expiresAt: string },
  who: Record<string, unknown>,
): Promise<void> {
  const { defaultUrl, linkUrl } = await import('#kernel/identity');
  const url = linkUrl(defaultUrl(await context.config()), link.token);
  context.output.result({ ...who, link: url, expires_at: link.expiresAt }, () => url);
  context.output.note(`Whoever opens this link chooses the password. It works once, until ${link.expiresAt}`);
}
