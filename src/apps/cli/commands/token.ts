import type { Clock } from '#kernel/clock';
import { addExample, type RegisterCommand } from '../command.ts';
import { table } from '../output.ts';

/** `longmen token create|list|revoke`: machine tokens, which the HTTP API wants as `Authorization: Bearer …`. */
export const tokenCommand: RegisterCommand = (program, act) => {
  const token = program.command('token').helpCommand(false).description('machine tokens: who may call the HTTP API');
  addExample(token, 'longmen token create nightly-import');

  const create = token
    .command('create')
    .description('create a token and print it, this once only')
    .argument('<name>', 'what the token is for')
    .option('--permissions <patterns>', 'what it may do, separated by commas, such as ledger.*:read', '*:*')
    .option('--unit <code>', 'the unit, with all below it, in which it may do so', 'institution')
    .option('--expires <instant>', 'when it stops working, RFC 3339 or a number of days such as 90d; default: never')
    .action(
      act(async (context, [name = ''], options) => {
        const [{ createToken }, { readUnit }] = await Promise.all([import('#kernel/tokens'), import('#kernel/access')]);
        const db = await context.database();
        const permissions = String(options.permissions).split(',');
        const expiresAt = expiry(options.expires, context.clock);
        const made = await db.transaction(async (tx) => {
          const { unitId } = await readUnit(tx, String(options.unit));
          return createToken(tx, name, context.clock, { permissions, unitId, expiresAt });
        });
        const { secret, tokenId, expiresAt: expires_at } = made;
        context.output.result({ token: secret, token_id: tokenId, name, permissions, expires_at }, () => secret);
        context.output.note(`Keep this token: it is not shown again. Its id, to revoke it: ${made.tokenId}`);
      }),
    );
  addExample(
    create,
    'longmen token create nightly-import',
    'longmen token create reporting --permissions "report:read,ledger.*:read" --expires 90d',
  );

  const list = token
    .command('list')
    .description('list all tokens, without their secrets')
    .action(
      act(async (context) => {
        const { listTokens } = await import('#kernel/tokens');
        const tokens = (await listTokens(await context.database())).map((one) => ({
          token_id: one.tokenId,
          name: one.name,
          permissions: one.permissions,
          unit_id: one.unitId,
          expires_at: one.expiresAt,
          created_at: one.createdAt,
          last_used_at: one.lastUsedAt,
          revoked_at: one.revokedAt,
        }));
        context.output.result({ tokens }, () =>
          table(
            ['id', 'name', 'permissions', 'unit', 'expires at', 'last used at', 'revoked at'],
            tokens.map((one) => [
              one.token_id,
              one.name,
              one.permissions.join(','),
              String(one.unit_id),
              one.expires_at ?? 'never',
              one.last_used_at ?? 'never',
              one.revoked_at ?? '',
            ]),
          ),
        );
      }),
    );
  addExample(list, 'longmen token list --json');

  const revoke = token
    .command('revoke')
    .description('revoke a token: within 5 seconds it no longer works')
    .argument('<id>', 'id of the token, as in `longmen token list`')
    .action(
      act(async (context, [id = '']) => {
        const { revokeToken } = await import('#kernel/tokens');
        const db = await context.database();
        await db.transaction((tx) => revokeToken(tx, id, context.clock));
        context.output.result({ token_id: id, revoked: true }, () => `revoked ${id}`);
      }),
    );
  addExample(revoke, 'longmen token revoke 0198c2a0-5b1e-7cc3-9a51-3f6e2a7d4b10');
};

/** An instant as it is; `90d`: so many days from now. */
function expiry(text: unknown, clock: Clock): string | undefined {
  if (text === undefined) return undefined;
  const [, days] = /^(\d{1,4})d$/.exec(String(text)) ?? [];
  if (days === undefined) return String(text);
  return clock
    .now()
    .add({ hours: 24 * Number(days) })
    .toString();
}
