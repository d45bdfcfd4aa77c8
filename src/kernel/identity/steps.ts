/** The steps of better-auth that are let through, one by one; everything else of it cannot be reached. */
import { z } from 'zod';
import { textField, uuidField } from '#kernel/http';
import { LONGEST_PASSWORD } from './model.ts';

export const passwordField = z
  .string()
  .min(1)
  .max(4 * LONGEST_PASSWORD);
const code = z.string().min(1).max(64);
const credential = z.record(z.string(), z.unknown());

/** A step of better-auth that is let through as it is. */
export interface Step {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: z.ZodType;
  /** Only for somebody who is signed in. */
  readonly session?: true;
  /** A secret is tried, so failures count: of the account that is signed in, if any, and of the address. */
  readonly counted?: true;
  /** Part of signing in: whatever goes wrong is told with one code. */
  readonly signIn?: true;
  /** How somebody signs in is another way afterwards. */
  readonly changes?: 'passkey' | 'second_factor';
}

export const steps: readonly Step[] = [
  { method: 'POST', path: '/sign-out', body: z.strictObject({}).optional() },
  {
    method: 'POST',
    path: '/two-factor/enable',
    body: z.strictObject({ password: passwordField }),
    session: true,
    counted: true,
  },
  {
    method: 'POST',
    path: '/two-factor/disable',
    body: z.strictObject({ password: passwordField }),
    session: true,
    counted: true,
    changes: 'second_factor',
  },
  {
    method: 'POST',
    path: '/two-factor/generate-backup-codes',
    body: z.strictObject({ password: passwordField }),
    session: true,
    counted: true,
    changes: 'second_factor',
  },
  { method: 'POST', path: '/two-factor/verify-totp', body: z.strictObject({ code }), counted: true, signIn: true },
  {
    method: 'POST',
    path: '/two-factor/verify-backup-code',
    body: z.strictObject({ code }),
    counted: true,
    signIn: true,
  },
  { method: 'GET', path: '/passkey/generate-register-options', session: true },
  {
    method: 'POST',
    path: '/passkey/verify-registration',
    body: z.strictObject({ response: credential, name: textField.max(100).optional() }),
    session: true,
    changes: 'passkey',
  },
  { method: 'GET', path: '/passkey/generate-authenticate-options' },
  {
    method: 'POST',
    path: '/passkey/verify-authentication',
    body: z.strictObject({ response: credential }),
    counted: true,
    signIn: true,
  },
  { method: 'GET', path: '/passkey/list-user-passkeys', session: true },
  {
    method: 'POST',
    path: '/passkey/delete-passkey',
    body: z.strictObject({ id: uuidField }),
    session: true,
    changes: 'passkey',
  },
];
