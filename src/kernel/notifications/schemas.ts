/** The shapes of notifications over HTTP. */
import { z } from 'zod';
import { pageQuery, textField, uuidField } from '#kernel/http';
import type { DeliveryProof } from './deliveries.ts';
import type { Notification, Preferences } from './inbox.ts';
import type { KeptTemplate } from './templates.ts';

const text2 = z.object({ zh: z.string(), en: z.string() });
const urgency = z.enum(['normal', 'urgent']);

export const listQuery = z.strictObject({
  ...pageQuery,
  unread: z.enum(['true', 'false']).default('false').describe('Only those that are not read.'),
});

export const notificationReply = z
  .object({
    notification_id: z.string(),
    template: z.string(),
    urgency,
    title: text2,
    body: text2,
    subject: z.string().nullable().describe('What it is about, kind:id.'),
    created_at: z.string(),
    read_at: z.string().nullable(),
  })
  .meta({ id: 'Notification' });

export function notificationJson(one: Notification): z.output<typeof notificationReply> {
  return {
    notification_id: one.notificationId,
    template: one.template,
    urgency: one.urgency,
    title: one.title,
    body: one.body,
    subject: one.subject,
    created_at: one.createdAt,
    read_at: one.readAt,
  };
}

const time = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'Not a time HH:MM');

export const preferencesBody = z
  .strictObject({
    email: z.boolean(),
    webhook_url: textField.max(2_048).nullable(),
    quiet: z
      .strictObject({ from: time, until: time })
      .nullable()
      .describe('When nothing that is not urgent is sent outside.'),
    zone: textField.max(64).describe('IANA time zone of the quiet hours.'),
    muted: z
      .array(z.string().regex(/^[a-z][a-z0-9_]{0,63}$/))
      .max(200)
      .describe('Templates that stay in the inbox unless urgent.'),
  })
  .meta({ id: 'NotificationPreferences' });

export const preferencesReply = preferencesBody
  .extend({ webhook_secret: z.string().nullable().describe('Of a new webhook address; shown this once.') })
  .meta({ id: 'NotificationPreferencesReply' });

export function preferencesOf(body: z.output<typeof preferencesBody>): Preferences {
  const { webhook_url: webhookUrl, ...rest } = body;
  return { ...rest, webhookUrl };
}

export function preferencesJson({ webhookUrl, ...rest }: Preferences, webhookSecret: string | null) {
  return { ...rest, muted: [...rest.muted], webhook_url: webhookUrl, webhook_secret: webhookSecret };
}

export const templateParams = z.object({ code: z.string().max(64) });
const line = textField.min(1).max(200);
const paragraphs = textField.min(1).max(10_000);

export const templateBody = z.strictObject({
  title: z.strictObject({ zh: line, en: line }),
  body: z.strictObject({ zh: paragraphs, en: paragraphs }),
  urgency,
});

export const templateReply = z
  .object({
    code: z.string(),
    title: text2,
    body: text2,
    urgency,
    placeholders: z.array(z.string()).describe('Names that may stand in the texts as {name}.'),
    built_in: z.boolean().describe('Whether it is as it was shipped.'),
    changed_at: z.string(),
  })
  .meta({ id: 'NotificationTemplate' });

export function templateJson(one: KeptTemplate): z.output<typeof templateReply> {
  const { code, title, body, urgency: how, placeholders, builtIn, changedAt } = one;
  return { code, title, body, urgency: how, placeholders: [...placeholders], built_in: builtIn, changed_at: changedAt };
}

const state = z.enum(['waiting', 'delivered', 'dead', 'skipped']);

export const deliveriesQuery = z.strictObject({
  ...pageQuery,
  state: state.optional(),
  staff: uuidField.optional(),
  notification: uuidField.optional(),
});
export const deliveryParams = z.object({ id: uuidField });

export const deliveryReply = z
  .object({
    delivery_id: z.string(),
    notification_id: z.string(),
    staff_id: z.string(),
    template: z.string(),
    channel: z.enum(['email', 'webhook']),
    state,
    created_at: z.string(),
    next_attempt_at: z.string().nullable(),
    finished_at: z.string().nullable(),
    read_at: z.string().nullable().describe('When the person read it in the inbox.'),
    attempts: z.array(
      z.object({
        attempt: z.number(),
        address: z.string(),
        message_id: z.string(),
        started_at: z.string(),
        ended_at: z.string(),
        accepted: z.boolean(),
        answer: z.string(),
      }),
    ),
  })
  .meta({ id: 'NotificationDelivery' });

export function deliveryJson(one: DeliveryProof): z.output<typeof deliveryReply> {
  return {
    delivery_id: one.deliveryId,
    notification_id: one.notificationId,
    staff_id: one.staffId,
    template: one.template,
    channel: one.channel,
    state: one.state,
    created_at: one.createdAt,
    next_attempt_at: one.nextAttemptAt,
    finished_at: one.finishedAt,
    read_at: one.readAt,
    attempts: [...one.attempts],
  };
}
