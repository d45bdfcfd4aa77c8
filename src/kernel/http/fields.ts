/** What fields of requests and answers hold in every room, as zod. */
import { z } from 'zod';
import { isStorable } from '#kernel/database';
import { isValidDate, isValidInstant } from '#kernel/dates';

export const uuidField = z.string().regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i, 'Not a UUID');

export const dateField = z
  .string()
  .refine((text): boolean => isValidDate(text), 'Not a date of the form YYYY-MM-DD')
  .describe('YYYY-MM-DD');

export const instantField = z.string().refine(isValidInstant, 'Not an RFC 3339 instant').describe('RFC 3339 instant.');

/** Text that may be stored or looked for. */
export const textField = z.string().refine(isStorable, 'Not text that can be stored');
