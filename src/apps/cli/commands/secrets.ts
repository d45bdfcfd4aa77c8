import { addExample, type RegisterCommand } from '../command.ts';

/** `longmen secrets rotate auth|webhook|database`: new secrets in place of those that may be known. */
export const secretsCommand: RegisterCommand = (program, act) => {
  const secrets = program.command('secrets').helpCommand(false).description('the secrets of this house, made anew');
  addExample(secrets, 'longmen secrets rotate auth');
  const rotate = secrets.command('rotate').helpCommand(false).description('make a secret anew');
  addExample(rotate, 'longmen secrets rotate auth');

  const auth = rotate
    .command('auth')
    .description('the secret of sign-in; everybody has to sign in again, and servers must be started again')
    .action(
      act(async (context) => {
        const { authSecretFile, rotateAuthSecret } = await import('#kernel/identity');
        const file = authSecretFile(await context.config());
        const { version, ended } = await rotateAuthSecret(await context.database(), file);
        context.output.result({ version, sessions_ended: ended }, () => `secret ${version}; ${ended} sessions ended`);
        context.output.note(`Start the servers again, each with this file: ${file}`);
      }),
    );
  addExample(auth, 'longmen secrets rotate auth');

  const webhook = rotate
    .command('webhook')
    .description('the secret a webhook subscription is signed with, printed this once')
    .argument('<id>', 'id of the subscription')
    .option('--book <code>', 'the book', 'main')
    .action(
      act(async (context, [id = ''], options) => {
        const [{ rotateSecret }, { findBook }] = await Promise.all([
          import('#kernel/webhooks'),
          import('#kernel/events'),
        ]);
        const db = await context.database();
        const secret = await db.transaction(async (tx) => {
          const { bookId } = await findBook(tx, String(options.book));
          return rotateSecret(tx, bookId, id);
        });
        context.output.result({ subscription_id: id, secret }, () => secret);
        context.output.note('Deliveries are signed with it from now on, also those that are tried again');
      }),
    );
  addExample(webhook, 'longmen secrets rotate webhook 0198c2a0-5b1e-7cc3-9a51-3f6e2a7d4b10 --book main');

  const database = rotate
    .command('database')
    .description('the passwords of the embedded PostgreSQL; no server may be running')
    .action(
      act(async (context) => {
        const { rotateEmbeddedPasswords } = await import('#kernel/database');
        const roles = await rotateEmbeddedPasswords(await context.config());
        context.output.result({ roles }, () => `new passwords of ${roles.join(', ')}`);
      }),
    );
  addExample(database, 'longmen secrets rotate database');
};
