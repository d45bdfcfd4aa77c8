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
    .action(
      act(async (context, [name = '']) => {
        const { createToken } = await import('#kernel/tokens');
        const db = await context.database();
        const made = await db.transaction((tx) => createToken(tx, name, context.clock));
        context.output.result({ token: made.secret, token_id: made.tokenId, name: made.name }, () => made.secret);
        context.output.note(`Keep this token: it is not shown again. Its id, to revoke it: ${made.tokenId}`);
      }),
    );
  addExample(create, 'longmen token create nightly-import');

  const list = token
    .command('list')
    .description('list all tokens, without their secrets')
    .action(
      act(async (context) => {
        const { listTokens } = await import('#kernel/tokens');
        const tokens = (await listTokens(await context.database())).map((one) => ({
          token_id: one.tokenId,
          name: one.name,
          created_at: one.createdAt,
          last_used_at: one.lastUsedAt,
          revoked_at: one.revokedAt,
        }));
        context.output.result({ tokens }, () =>
          table(
            ['id', 'name', 'created at', 'last used at', 'revoked at'],
            tokens.map((one) => [
              one.token_id,
              one.name,
              one.created_at,
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
