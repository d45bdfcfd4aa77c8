/** What a backup asks the server beside its streams: who it is, what time it is, and its replication slot. */
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { sqlState } from '#kernel/database';
import { backupError } from './errors.ts';
import { type Position, parsePosition } from './positions.ts';
import { connectForReplication } from './replication.ts';

export interface ServerIdentity {
  readonly system: string;
  readonly timeline: number;
  /** `server_version_num`. */
  readonly postgres: number;
  readonly segmentBytes: number;
  /** Bytes a slot may hold back, or null when there is no bound. */
  readonly slotBoundBytes: number | null;
}

export type SlotState = 'kept' | 'endangered' | 'lost' | 'missing';

/** The server as a backup sees it, over a connection of its own. */
export interface Control {
  readonly identity: ServerIdentity;
  /**
   * The server's time, and a position before which lies everything that was committed and answered up to then: the
   * position is read after the time.
   */
  present(): Promise<{ time: string; flushed: Position }>;
  slotState(slot: string): Promise<SlotState>;
  /** Makes the slot anew, whatever was there, and returns the position it keeps the log from. */
  makeSlot(slot: string): Promise<Position>;
  dropSlot(slot: string): Promise<void>;
  close(): Promise<void>;
}

const slotRetryMs = 100;
const slotPatienceMs = 15_000;

/**
 * Connects and checks that the server can be backed up.
 *
 * @throws `backup_role_cannot_replicate`, `backup_server_unfit`, and those of the database.
 */
export async function openControl(url: string): Promise<Control> {
  const client = await connectForReplication(url);
  try {
    const identity = await identify(client);
    return control(client, identity);
  } catch (error) {
    await client.end().catch(() => undefined);
    throw error;
  }
}

async function identify(client: pg.Client): Promise<ServerIdentity> {
  const system = await first<{ systemid: string; timeline: unknown }>(client, 'IDENTIFY_SYSTEM');
  const settings = await first<Record<'version' | 'wal_level' | 'segment' | 'bound' | 'senders' | 'standby', string>>(
    client,
    `select current_setting('server_version_num') as version, current_setting('wal_level') as wal_level,
       (select setting from pg_settings where name = 'wal_segment_size') as segment,
       (select setting from pg_settings where name = 'max_slot_wal_keep_size') as bound,
       current_setting('max_wal_senders') as senders, pg_is_in_recovery()::text as standby`,
  );
  const unfit = (reason: string) => backupError('backup_server_unfit', `The server cannot be backed up: ${reason}`);
  if (settings.standby === 'true') throw unfit('it is a standby; give the URL of the primary');
  if (settings.wal_level === 'minimal') throw unfit('wal_level is minimal; set it to replica');
  if (Number(settings.senders) < 2) throw unfit('max_wal_senders is below 2; a backup needs two');
  const boundMib = Number(settings.bound);
  return {
    system: system.systemid,
    timeline: Number(system.timeline),
    postgres: Number(settings.version),
    segmentBytes: Number(settings.segment),
    slotBoundBytes: boundMib < 0 ? null : boundMib * 1024 * 1024,
  };
}

function control(client: pg.Client, identity: ServerIdentity): Control {
  const slotState = async (slot: string): Promise<SlotState> => {
    const { rows } = await client.query<{ wal_status: string | null; restart: string | null }>(
      `select wal_status, restart_lsn::text as restart from pg_replication_slots where slot_name = '${slot}'`,
    );
    const [row] = rows;
    if (row === undefined) return 'missing';
    if (row.restart === null || row.wal_status === 'lost' || row.wal_status === null) return 'lost';
    return row.wal_status === 'unreserved' ? 'endangered' : 'kept';
  };
  const dropSlot = async (slot: string) => {
    if ((await slotState(slot)) === 'missing') return;
    await whileBusy(() => client.query(`select pg_drop_replication_slot('${slot}')`));
  };
  return {
    identity,
    async present() {
      const row = await first<{ time: string; flushed: string }>(
        client,
        `select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as time,
           pg_current_wal_flush_lsn()::text as flushed`,
      );
      return { time: row.time, flushed: parsePosition(row.flushed) };
    },
    slotState,
    async makeSlot(slot) {
      await dropSlot(slot);
      const row = await first<{ position: string }>(
        client,
        `select lsn::text as position from pg_create_physical_replication_slot('${slot}', true)`,
      ).catch((error: unknown) => {
        // 53400: no slot is free.
        if (sqlState(error) !== '53400') throw error;
        throw backupError(
          'backup_server_unfit',
          'The server has no free replication slot; raise max_replication_slots',
        );
      });
      return parsePosition(row.position);
    },
    dropSlot,
    close: () => client.end(),
  };
}

/** Runs `work` again while the server still holds the slot for a process that has just ended. */
async function whileBusy<T>(work: () => Promise<T>): Promise<T> {
  const deadlineMs = performance.now() + slotPatienceMs;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      // 55006: the slot is active.
      if (sqlState(error) !== '55006' || performance.now() > deadlineMs) throw error;
      await sleep(slotRetryMs);
    }
  }
}

async function first<Row extends object>(client: pg.Client, sql: string): Promise<Row> {
  const { rows } = await client.query<Row>(sql);
  const [row] = rows;
  if (row === undefined) throw backupError('backup_server_unfit', 'The server gave no answer');
  return row;
}
