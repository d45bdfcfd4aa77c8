/** New passwords for the roles of the embedded server. */
import pg from 'pg';
import type { Config } from '#kernel/config';
import { databaseError } from '../errors.ts';
import { connect } from '../pool.ts';
import { lockDataFolder } from './lock.ts';
import { adoptSecrets, draftSecrets } from './secrets.ts';
import { useEmbeddedServer } from './server.ts';

/**
 * Gives the three roles new passwords, in PostgreSQL and in `secrets.json`. Should the process die between the two, the
 * new ones are in `secrets.json.new`, to be renamed by hand.
 *
 * @returns the roles
 * @throws `data_folder_in_use` while a server runs, `data_folder_unusable` where there is no embedded server
 */
export async function rotateEmbeddedPasswords(config: Pick<Config, 'dataFolder' | 'databaseUrl'>): Promise<string[]> {
  const { dataFolder, databaseUrl } = config;
  if (databaseUrl !== undefined) {
    const detail = 'DATABASE_URL names a PostgreSQL of your own; change its passwords there';
    throw databaseError('data_folder_unusable', detail, { folder: dataFolder });
  }
  const lock = lockDataFolder(dataFolder);
  try {
    const server = await useEmbeddedServer(dataFolder);
    try {
      const client = await connect(server.superuserUrl);
      try {
        const secrets = draftSecrets(dataFolder);
        const passwords = {
          longmen_app: secrets.app_password,
          longmen_owner: secrets.owner_password,
          longmen: secrets.superuser_password,
        };
        await client.query('begin');
        for (const [role, password] of Object.entries(passwords)) {
          // A utility statement takes no parameters.
          await client.query(`alter role ${pg.escapeIdentifier(role)} password ${pg.escapeLiteral(password)}`);
        }
        await client.query('commit');
        adoptSecrets(dataFolder);
        return Object.keys(passwords);
      } finally {
        await client.end();
      }
    } finally {
      await server.release();
    }
  } finally {
    lock.release();
  }
}
