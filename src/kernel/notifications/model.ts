/** The rules of notifications: templates and their placeholders, quiet hours. Pure. */
import { plainText, type Text2 } from '#kernel/audit';
import { Temporal } from '#kernel/dates';
import { notificationError } from './errors.ts';

export type Urgency = 'normal' | 'urgent';
export type Channel = 'email' | 'webhook';

export interface Template {
  /** `^[a-z][a-z0-9_]{0,63}$`. */
  readonly code: string;
  /** One line. */
  readonly title: Text2;
  /** Plain text; blank lines separate paragraphs. */
  readonly body: Text2;
  /** Names that may and must be given a value. */
  readonly placeholders: readonly string[];
  readonly urgency: Urgency;
}

/** What a placeholder stands for: the same in both languages, or one text each. */
export type Value = string | Text2;
export type Values = Readonly<Record<string, Value>>;

const placeholder = /\{([a-z][a-z0-9_]{0,31})\}/g;
const VALUE_LIMIT = 500;
const TITLE_LIMIT = 200;
const BODY_LIMIT = 10_000;

/** Error: `notification_template_invalid`, for a text that is empty, too long, or names what is not declared. */
export function checkTemplate(template: Template): void {
  const invalid = (why: string) =>
    notificationError('notification_template_invalid', `Template ${template.code} ${why}`);
  if (!/^[a-z][a-z0-9_]{0,63}$/.test(template.code)) throw invalid('has no valid code');
  const used = new Set<string>();
  for (const [text, limit] of [
    [template.title.zh, TITLE_LIMIT],
    [template.title.en, TITLE_LIMIT],
    [template.body.zh, BODY_LIMIT],
    [template.body.en, BODY_LIMIT],
  ] as const) {
    if (text.trim() === '' || text.length > limit)
      throw invalid(`has a text that is empty or over ${limit} characters`);
    for (const [, name = ''] of text.matchAll(placeholder)) used.add(name);
  }
  const lines = [template.title.zh, template.title.en].join('');
  if (plainText(lines, lines.length) !== lines.normalize('NFC'))
    throw invalid('has a title that is not one plain line');
  for (const name of used) {
    if (!template.placeholders.includes(name)) throw invalid(`uses {${name}}, which it does not declare`);
  }
}

/** A template with its placeholders filled in, as plain text. Values cannot bring line breaks or hidden characters along. */
export interface Rendered {
  readonly title: Text2;
  readonly body: Text2;
}

/** Errors: `notification_value_missing`, `notification_value_unknown`. */
export function render(template: Template, values: Values): Rendered {
  const missing = template.placeholders.find((name) => !Object.hasOwn(values, name));
  if (missing !== undefined) {
    throw notificationError('notification_value_missing', `Template ${template.code} needs {${missing}}`);
  }
  const unknown = Object.keys(values).find((name) => !template.placeholders.includes(name));
  if (unknown !== undefined) {
    throw notificationError('notification_value_unknown', `Template ${template.code} has no {${unknown}}`);
  }
  const fill = (text: string, language: keyof Text2) =>
    text.replace(placeholder, (_whole, name: string) => {
      const value = values[name] ?? '';
      return plainText(typeof value === 'string' ? value : value[language], VALUE_LIMIT);
    });
  const both = (text: Text2): Text2 => ({ zh: fill(text.zh, 'zh'), en: fill(text.en, 'en') });
  return { title: both(template.title), body: both(template.body) };
}

/** Plain text as HTML: nothing in it is markup; blank lines separate paragraphs. */
export function htmlOf(title: string, body: string): string {
  const paragraphs = body.split(/\n{2,}/).map((part) => `<p>${escapeHtml(part).replaceAll('\n', '<br>')}</p>`);
  return `<!doctype html><html><head><meta charset="utf-8"><title>${escapeHtml(title)}</title></head><body>${paragraphs.join('')}</body></html>`;
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character);
}

/** When somebody does not want to be disturbed, in the time of `zone`. */
export interface QuietHours {
  /** HH:MM; the first quiet minute. */
  readonly from: string;
  /** HH:MM; the first minute after. Before `from`: of the next day. */
  readonly until: string;
  /** IANA. */
  readonly zone: string;
}

/** Error: `notification_hours_invalid`. */
export function checkQuietHours({ from, until, zone }: QuietHours): void {
  const time = /^([01]\d|2[0-3]):[0-5]\d$/;
  if (!time.test(from) || !time.test(until) || from === until) {
    throw notificationError('notification_hours_invalid', 'Quiet hours are two different times HH:MM');
  }
  try {
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(zone);
  } catch {
    throw notificationError('notification_hours_invalid', 'Not an IANA time zone');
  }
}

/** The end of the quiet hours an instant falls into; null when it falls into none. */
export function endOfQuiet(instant: Temporal.Instant, hours: QuietHours): Temporal.Instant | null {
  const local = instant.toZonedDateTimeISO(hours.zone);
  const [from, until] = [Temporal.PlainTime.from(hours.from), Temporal.PlainTime.from(hours.until)];
  const after = (time: Temporal.PlainTime) => Temporal.PlainTime.compare(local.toPlainTime(), time) >= 0;
  const overnight = Temporal.PlainTime.compare(from, until) > 0;
  const quiet = overnight ? after(from) || !after(until) : after(from) && !after(until);
  if (!quiet) return null;
  const day = overnight && after(from) ? local.toPlainDate().add({ days: 1 }) : local.toPlainDate();
  const end = day.toZonedDateTime({ timeZone: hours.zone, plainTime: until }).toInstant();
  // Where clocks are set back, the end can lie before the instant; there it is not quiet any more.
  return Temporal.Instant.compare(end, instant) > 0 ? end : null;
}
