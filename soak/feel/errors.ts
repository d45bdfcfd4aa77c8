/** Errors that an expression may end in. */
import { LongmenError } from '#kernel/errors';

/** Whether the error has this code, or one that begins so. */
export function isLongmenError(error: unknown, code: string): boolean {
  return error instanceof LongmenError && error.code.startsWith(code);
}
