import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Clock } from '#kernel/clock';

/** The header that carries the signature of a delivery. */
export const signatureHeader = 'Longmen-Signature';

/**
 * The value of `Longmen-Signature`: `t=<unix seconds>,v1=<hex HMAC-SHA-256 of "t.body">`. The time is signed too, so
 * that a recorded delivery cannot be sent again later.
 */
export function sign(secret: string, body: string, clock: Clock): string {
  const seconds = String(Math.floor(clock.now().epochMilliseconds / 1000));
  return `t=${seconds},v1=${digest(secret, seconds, body).toString('hex')}`;
}

/**
 * Whether a delivery is genuine and fresh; for receivers. `body` is the request body exactly as received. Several `v1`
 * values may be present; one that fits is enough. `tolerance_seconds` bounds the age, and how far ahead the sender's
 * clock may be.
 */
export function verifySignature(
  secret: string,
  header: string,
  body: string,
  clock: Clock,
  tolerance_seconds = 300,
): boolean {
  const fields = header.split(',').map((field) => field.trim());
  const seconds = fields.find((field) => field.startsWith('t='))?.slice(2) ?? '';
  if (!/^\d{1,12}$/.test(seconds)) return false;
  const age_seconds = clock.now().epochMilliseconds / 1000 - Number(seconds);
  if (Math.abs(age_seconds) > tolerance_seconds) return false;
  const expected = digest(secret, seconds, body);
  return fields
    .filter((field) => /^v1=[0-9a-f]{64}$/.test(field))
    .some((field) => timingSafeEqual(Buffer.from(field.slice(3), 'hex'), expected));
}

function digest(secret: string, seconds: string, body: string): Buffer {
  return createHmac('sha256', secret).update(`${seconds}.${body}`).digest();
}
