/** The loop that sends notifications outside. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '#kernel/clock';
import type { Database } from '#kernel/database';
import { type AddressPolicy, addressPolicy, retryDelay_ms } from '#kernel/webhooks';
import { type Hooks, type Mailer, openHooks, openMailer, type Sent, type SmtpOptions } from './channels.ts';
import { type ClaimedDelivery, claimDeliveries, postpone, recordAttempt, skipDelivery } from './deliveries.ts';
import { endOfQuiet } from './model.ts';

export interface NotifierLog {
  warn(fields: object, message: string): void;
}

export interface NotifierOptions {
  readonly db: Database;
  readonly clock: Clock;
  /** Without it nothing is sent by e-mail: such deliveries are skipped. */
  readonly smtp?: SmtpOptions | undefined;
  /** Networks (CIDR) that webhooks of people may reach besides the public internet. Default: none. */
  readonly allowedNetworks?: readonly string[];
  readonly log?: NotifierLog;
  /** How long an attempt may take before another process makes it again. Default 60,000. */
  readonly lease_ms?: number;
  /** Pause between two looks for due deliveries. Default 1,000. */
  readonly idleDelay_ms?: number;
  /** Attempts after which a delivery is dead. Default 16: about a day. */
  readonly maximumAttempts?: number;
}

export interface Notifier {
  /** Where webhooks of people may go. */
  readonly policy: AddressPolicy;
  /** Sends what is due until the signal aborts and the attempts under way have ended. It never rejects. */
  run(signal: AbortSignal): Promise<void>;
  /** Sends what is due now, once; gives how many deliveries were looked at. */
  sendDue(): Promise<number>;
  close(): void;
}

const BATCH = 20;

/**
 * Opens the way outside. Each delivery is made at least once: an attempt whose process dies, or whose outcome cannot be
 * written down, is made again when its lease ends, with the same message id.
 */
export function openNotifier(options: NotifierOptions): Notifier {
  const { db, clock, log, lease_ms = 60_000, idleDelay_ms = 1_000, maximumAttempts = 16 } = options;
  const policy = addressPolicy(options.allowedNetworks ?? []);
  const mailer: Mailer | undefined = options.smtp === undefined ? undefined : openMailer(options.smtp);
  const hooks: Hooks = openHooks(policy, clock);

  async function sendDue(): Promise<number> {
    const now = clock.now();
    const leaseEnd = now.add({ milliseconds: lease_ms }).toString();
    const claimed = await claimDeliveries(db, BATCH, now.toString(), leaseEnd);
    await Promise.all(
      claimed.map((delivery) =>
        attempt(delivery).catch((error: unknown) => {
          log?.warn({ err: error, delivery_id: delivery.deliveryId }, 'outcome of a notification was lost');
        }),
      ),
    );
    return claimed.length;
  }

  async function attempt(delivery: ClaimedDelivery): Promise<void> {
    const startedAt = clock.now();
    const quietUntil = quietEnd(delivery);
    if (quietUntil !== null) return postpone(db, delivery, quietUntil);
    const sending = send(delivery);
    if (sending === null) return skipDelivery(db, delivery, startedAt.toString());
    const sent = await sending;
    const endedAt = clock.now();
    const dead = !sent.accepted && (sent.final || delivery.attempts >= maximumAttempts);
    const again = endedAt.add({ milliseconds: retryDelay_ms(delivery.attempts, Math.random()) });
    await recordAttempt(db, delivery, {
      ...sent,
      state: sent.accepted ? 'delivered' : dead ? 'dead' : 'waiting',
      nextAttemptAt: sent.accepted || dead ? null : again.toString(),
      startedAt: startedAt.toString(),
      endedAt: endedAt.toString(),
    });
  }

  function quietEnd(delivery: ClaimedDelivery): string | null {
    const { urgency, quietFrom: from, quietUntil: until, zone } = delivery;
    if (urgency === 'urgent' || from === null || until === null || zone === null) return null;
    return endOfQuiet(clock.now(), { from, until, zone })?.toString() ?? null;
  }

  /** Null: there is nowhere to send it to. */
  function send(delivery: ClaimedDelivery): Promise<Sent> | null {
    if (delivery.channel === 'email') {
      const { email, emailWanted } = delivery;
      return mailer === undefined || email === null || !emailWanted ? null : mailer.send(delivery, email);
    }
    const { name, webhookUrl, webhookSecret } = delivery;
    return name === null || webhookUrl === null || webhookSecret === null
      ? null
      : hooks.send(delivery, webhookUrl, webhookSecret);
  }

  return {
    policy,
    sendDue,
    async run(signal) {
      let told = false;
      while (!signal.aborted) {
        let looked = 0;
        try {
          looked = await sendDue();
          told = false;
        } catch (error) {
          if (!told) log?.warn({ err: error }, 'notifications cannot be read');
          told = true;
        }
        if (looked < BATCH) await sleep(idleDelay_ms, undefined, { signal }).catch(() => undefined);
      }
    },
    close() {
      mailer?.close();
      hooks.close();
    },
  };
}
