/** The two ways outside: a mail server, and webhooks of people. */
import { isIP } from 'node:net';
import { createTransport } from 'nodemailer';
import { plainText } from '#kernel/audit';
import type { Clock } from '#kernel/clock';
import { type AddressPolicy, createSender, sign, signatureHeader } from '#kernel/webhooks';
import type { ClaimedDelivery } from './deliveries.ts';
import { htmlOf } from './model.ts';

/** What became of one attempt. */
export interface Sent {
  readonly address: string;
  readonly messageId: string;
  readonly accepted: boolean;
  /** Whether trying again is of no use. */
  readonly final: boolean;
  readonly answer: string;
}

export interface SmtpOptions {
  /** `smtp://user:password@host:port` or `smtps://…`. */
  readonly url: string;
  /** `Name <address>` or an address. */
  readonly from: string;
}

export interface Mailer {
  /** Never rejects. */
  send(delivery: ClaimedDelivery, address: string): Promise<Sent>;
  close(): void;
}

const TIMEOUT_MS = 15_000;
const ANSWER_LIMIT = 500;

/** The same message has the same id however often it is sent, so that a mailbox shows it once. */
export function messageIdOf(deliveryId: string, from: string): string {
  const domain = /@([^@>\s]+)>?\s*$/.exec(from)?.[1] ?? 'longmen.localhost';
  return `<${deliveryId}@${domain}>`;
}

/** Opens the way to a mail server; nothing is connected before the first message. Off this machine TLS is demanded. */
export function openMailer({ url, from }: SmtpOptions): Mailer {
  const { protocol, hostname, port, username, password } = new URL(url);
  const secure = protocol === 'smtps:';
  const local =
    hostname === 'localhost' || hostname === '[::1]' || (isIP(hostname) === 4 && hostname.startsWith('127.'));
  const transport = createTransport({
    pool: true,
    maxConnections: 2,
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? (secure ? 465 : 587) : Number(port),
    secure,
    requireTLS: !secure && !local,
    ...(username === '' ? {} : { auth: { user: decodeURIComponent(username), pass: decodeURIComponent(password) } }),
    connectionTimeout: TIMEOUT_MS,
    greetingTimeout: TIMEOUT_MS,
    socketTimeout: TIMEOUT_MS,
    // What is sent is text made here, never a file or an address to be fetched.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return {
    async send(delivery, address) {
      const messageId = messageIdOf(delivery.deliveryId, from);
      const [title, body] =
        delivery.locale === 'en' ? [delivery.titleEn, delivery.bodyEn] : [delivery.titleZh, delivery.bodyZh];
      try {
        const info = await transport.sendMail({
          from,
          to: { name: delivery.name ?? '', address },
          subject: title,
          text: body,
          html: htmlOf(title, body),
          messageId,
          date: new Date(delivery.createdAt),
          // Holiday replies shall not come back (RFC 3834).
          headers: { 'Auto-Submitted': 'auto-generated' },
        });
        return { address, messageId, accepted: true, final: true, answer: plainText(info.response, ANSWER_LIMIT) };
      } catch (error) {
        return { address, messageId, accepted: false, final: isFinal(error), answer: told(error) };
      }
    },
    close: () => transport.close(),
  };
}

/** 5yz to the message or its receiver is for good (RFC 5321, section 4.2.1); a refused login is not the message's fault. */
function isFinal(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { responseCode, code } = error as { responseCode?: unknown; code?: unknown };
  return typeof responseCode === 'number' && responseCode >= 500 && (code === 'EENVELOPE' || code === 'EMESSAGE');
}

function told(error: unknown): string {
  if (!(error instanceof Error)) return plainText(String(error), ANSWER_LIMIT);
  const { response } = error as { response?: unknown };
  return plainText(typeof response === 'string' ? response : error.message, ANSWER_LIMIT);
}

export interface Hooks {
  /** Never rejects. */
  send(delivery: ClaimedDelivery, url: string, secret: string): Promise<Sent>;
  close(): void;
}

/** Sends to webhooks of people, signed and guarded as those of events are. */
export function openHooks(policy: AddressPolicy, clock: Clock): Hooks {
  const sender = createSender(policy, 10_000);
  return {
    async send(delivery, url, secret) {
      const body = JSON.stringify({
        id: delivery.notificationId,
        template: delivery.template,
        urgency: delivery.urgency,
        title: { zh: delivery.titleZh, en: delivery.titleEn },
        body: { zh: delivery.bodyZh, en: delivery.bodyEn },
        subject: delivery.subject,
        created_at: delivery.createdAt,
      });
      const headers = {
        'Content-Type': 'application/json',
        'User-Agent': 'Longmen-Webhooks/1',
        'Longmen-Delivery': delivery.deliveryId,
        'Longmen-Attempt': String(delivery.attempts),
        [signatureHeader]: sign(secret, body, clock),
      };
      const { status, error } = await sender.send(url, headers, body);
      const answer = plainText(error ?? `${status}`, ANSWER_LIMIT);
      return { address: url, messageId: delivery.deliveryId, accepted: error === null, final: status === 410, answer };
    },
    close: () => sender.close(),
  };
}
