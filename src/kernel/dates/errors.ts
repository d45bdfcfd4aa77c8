import { defineErrors } from '#kernel/errors';

export const dateError = defineErrors({
  date_invalid: { status: 400, title: 'Date invalid' },
  instant_invalid: { status: 400, title: 'Instant invalid' },
});

/** Text from outside, short enough to be part of a message. */
export function shown(text: string): string {
  return text.length > 60 ? `'${text.slice(0, 60)}…'` : `'${text}'`;
}
