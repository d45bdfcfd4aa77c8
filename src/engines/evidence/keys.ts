/** Signing keys: private ones as files, public ones with their validity in the database. */
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '#kernel/clock';
import type { Database, Queryable, Transaction } from '#kernel/database';
import { evidenceError } from './errors.ts';
import type { Signer, VerifierKey } from './note.ts';

export interface SigningKey {
  /** The first 16 hexadecimal digits of the SHA-256 of the public key; also the private key's file name. */
  readonly id: string;
  /** 32 bytes, RFC 8032. */
  readonly publicKey: Uint8Array;
  /** RFC 3339, UTC. */
  readonly validFrom: string;
  /** From then on it signs no more; what it signed stays verifiable. Null: no end yet. */
  readonly validUntil: string | null;
}

export interface Keyring {
  /** All keys there ever were, oldest first. */
  list(db: Queryable): Promise<SigningKey[]>;
  /** Makes the first key, unless there is one. */
  ensure(db: Database): Promise<void>;
  /** Makes a new key. Those there are go on signing beside it for `overlap_days`, then no more. */
  rotate(db: Database, overlap_days: number): Promise<SigningKey>;
  /**
   * Who signs for `origin` at present: all valid keys whose files are here.
   * Error: `evidence_key_unavailable` when there is none.
   */
  signers(db: Queryable, origin: string): Promise<Signer[]>;
}

/** The keys of a folder, `<id>.pem` each: PKCS#8, mode 0600. */
export function openKeyring({ folder, clock }: { folder: string; clock: Clock }): Keyring {
  const opened = new Map<string, KeyObject>();

  /** The file comes first: a key without a file could sign nothing, a file without a row is merely unused. */
  async function create(tx: Transaction): Promise<SigningKey> {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const raw = rawPublicKey(publicKey);
    const id = createHash('sha256').update(raw).digest('hex').slice(0, 16);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(fileOf(id), privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600, flag: 'wx' });
    const validFrom = clock.now().toString();
    await tx.query('insert into evidence.signing_key (key_id, public_key, valid_from) values ($1, $2, $3)', [
      id,
      Buffer.from(raw),
      validFrom,
    ]);
    return { id, publicKey: raw, validFrom, validUntil: null };
  }

  function fileOf(id: string): string {
    return join(folder, `${id}.pem`);
  }

  function privateKeyOf(key: SigningKey): KeyObject | null {
    const known = opened.get(key.id);
    if (known !== undefined) return known;
    let text: string;
    try {
      text = readFileSync(fileOf(key.id), 'utf8');
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
      throw error;
    }
    const found = createPrivateKey(text);
    if (!Buffer.from(rawPublicKey(createPublicKey(found))).equals(key.publicKey)) {
      throw evidenceError('evidence_key_unavailable', `The file of signing key ${key.id} holds another key`);
    }
    opened.set(key.id, found);
    return found;
  }

  return {
    list: listSigningKeys,
    async ensure(db) {
      if ((await listSigningKeys(db)).length > 0) return;
      await db.transaction(async (tx) => {
        await lockKeys(tx);
        if ((await listSigningKeys(tx)).length === 0) await create(tx);
      });
    },
    rotate(db, overlap_days) {
      return db.transaction(async (tx) => {
        await lockKeys(tx);
        const end = clock.now().add({ hours: Math.round(overlap_days * 24), milliseconds: 1 });
        await tx.query(
          'update evidence.signing_key set valid_until = $1 where valid_until is null or valid_until > $1',
          [end.toString()],
        );
        return create(tx);
      });
    },
    async signers(db, origin) {
      const present = clock.now().epochMilliseconds;
      const signers: Signer[] = [];
      for (const key of await listSigningKeys(db)) {
        if (Date.parse(key.validFrom) > present) continue;
        if (key.validUntil !== null && Date.parse(key.validUntil) <= present) continue;
        const privateKey = privateKeyOf(key);
        if (privateKey === null) continue;
        signers.push({ name: origin, publicKey: key.publicKey, sign: (text) => sign(null, text, privateKey) });
      }
      // The newest first: whoever knows one key only will sooner or later know that one.
      if (signers.length > 0) return signers.reverse();
      throw evidenceError('evidence_key_unavailable', `No valid signing key in ${folder}`);
    },
  };
}

/** All public keys, oldest first. */
export async function listSigningKeys(db: Queryable): Promise<SigningKey[]> {
  const { rows } = await db.query<SigningKey>(
    `select key_id as id, public_key as "publicKey", valid_from as "validFrom", valid_until as "validUntil"
     from evidence.signing_key order by valid_from, key_id`,
  );
  return rows;
}

/** The keys as a verifier of the log `origin` needs them. */
export async function verifierKeys(db: Queryable, origin: string): Promise<VerifierKey[]> {
  return (await listSigningKeys(db)).map(({ publicKey }) => ({ name: origin, publicKey }));
}

async function lockKeys(tx: Transaction): Promise<void> {
  await tx.query(`select pg_advisory_xact_lock(hashtextextended('evidence.signing_key', 0))`);
}

function rawPublicKey(key: KeyObject): Uint8Array {
  return Buffer.from(key.export({ format: 'jwk' }).x ?? '', 'base64url');
}
