/** Notifications over HTTP: one's own inbox and preferences below /api/v1/me, templates and proofs for who runs the house. */
import { z } from 'zod';
import { auditSubject } from '#kernel/audit';
import { currentContext } from '#kernel/context';
import { decodeCursor, pageFrom, pageOf, type RouteModule, uuidField } from '#kernel/http';
import type { AddressPolicy } from '#kernel/webhooks';
import { listDeliveries, redeliver } from './deliveries.ts';
import { countUnread, listNotifications, markAllRead, markRead, readPreferences, savePreferences } from './inbox.ts';
import * as schemas from './schemas.ts';
import { listTemplates, saveTemplate } from './templates.ts';

const tags = ['notifications'];
const cursorKey = z.tuple([uuidField]);

export interface NotificationRouteOptions {
  /** Where webhooks of people may go: that of the notifier. */
  readonly policy: AddressPolicy;
  /** The time zone of whom has said nothing. */
  readonly timeZone: string;
}

export function notificationRoutes({ policy, timeZone }: NotificationRouteOptions): RouteModule {
  return (app, deps) => {
    const { db, clock } = deps;
    const me = () => currentContext().actor.id;

    app.get(
      '/me/notifications',
      {
        config: { permission: 'signed_in' },
        schema: {
          tags,
          summary: 'Your notifications, newest first',
          querystring: schemas.listQuery,
          response: { 200: pageOf(schemas.notificationReply) },
        },
      },
      async ({ query: { limit, cursor, unread } }) => {
        const before = decodeCursor(cursorKey, cursor)?.[0];
        const rows = await listNotifications(db, me(), { unread: unread === 'true', before, limit: limit + 1 });
        const page = pageFrom(rows, limit, ({ notificationId }) => [notificationId]);
        return { ...page, items: page.items.map(schemas.notificationJson) };
      },
    );

    app.get(
      '/me/notifications/unread',
      {
        config: { permission: 'signed_in' },
        schema: { tags, summary: 'How many you have not read', response: { 200: z.object({ unread: z.number() }) } },
      },
      async () => ({ unread: await countUnread(db, me()) }),
    );

    app.post(
      '/me/notifications/:id/read',
      {
        // Opening one's own mail; it says nothing about anybody else and stands in the proof of delivery.
        config: { permission: 'signed_in', audit: 'none' },
        schema: { tags, summary: 'Mark one as read', params: schemas.deliveryParams, response: { 204: z.null() } },
      },
      (request, reply) =>
        deps.idempotently(request, reply, async (tx) => {
          await markRead(tx, clock, me(), request.params.id);
          return { status: 204 };
        }),
    );

    app.post(
      '/me/notifications/read',
      {
        config: { permission: 'signed_in', audit: 'none' },
        schema: {
          tags,
          summary: 'Mark all as read up to one of them, so that what came meanwhile stays unread',
          body: z.strictObject({ up_to: uuidField }),
          response: { 200: z.object({ read: z.number() }) },
        },
      },
      (request, reply) =>
        deps.idempotently(request, reply, async (tx) => {
          const read = await markAllRead(tx, clock, me(), request.body.up_to);
          return { status: 200, body: { read } };
        }),
    );

    app.get(
      '/me/notification-preferences',
      {
        config: { permission: 'signed_in' },
        schema: { tags, summary: 'How you want to be told', response: { 200: schemas.preferencesReply } },
      },
      async () => schemas.preferencesJson(await readPreferences(db, me(), timeZone), null),
    );

    app.put(
      '/me/notification-preferences',
      {
        config: { permission: 'signed_in' },
        schema: {
          tags,
          summary: 'Say how you want to be told',
          body: schemas.preferencesBody,
          response: { 200: schemas.preferencesReply },
        },
      },
      (request, reply) =>
        deps.idempotently(request, reply, async (tx) => {
          const wanted = schemas.preferencesOf(request.body);
          const { webhookSecret } = await savePreferences(tx, me(), wanted, { clock, policy });
          const kept = await readPreferences(tx, me(), timeZone);
          return { status: 200, body: schemas.preferencesJson(kept, webhookSecret) };
        }),
    );

    app.get(
      '/notifications/templates',
      {
        config: { permission: 'notification.template:read' },
        schema: { tags, summary: 'All templates', response: { 200: pageOf(schemas.templateReply) } },
      },
      async () => ({ items: (await listTemplates(db)).map(schemas.templateJson), next_cursor: null }),
    );

    app.put(
      '/notifications/templates/:code',
      {
        config: { permission: 'notification.template:write', reach: 'institution' },
        schema: {
          tags,
          summary: 'Change the texts of a template',
          params: schemas.templateParams,
          body: schemas.templateBody,
          response: { 200: schemas.templateReply },
        },
      },
      (request, reply) => {
        const { code } = request.params;
        auditSubject({ kind: 'notification_template', id: code });
        return deps.idempotently(request, reply, async (tx) => {
          const saved = await saveTemplate(tx, { code, ...request.body }, clock);
          return { status: 200, body: schemas.templateJson(saved) };
        });
      },
    );

    app.get(
      '/notifications/deliveries',
      {
        // Addresses of colleagues are personal data.
        config: { permission: 'notification.delivery:read', reach: 'institution', personal: true },
        schema: {
          tags,
          summary: 'What was sent outside, with every attempt and its answer, newest first: proof of delivery',
          querystring: schemas.deliveriesQuery,
          response: { 200: pageOf(schemas.deliveryReply) },
        },
      },
      async ({ query: { limit, cursor, state, staff, notification } }) => {
        if (staff !== undefined) auditSubject({ kind: 'staff', id: staff });
        const before = decodeCursor(cursorKey, cursor)?.[0];
        const filter = { state, staffId: staff, notificationId: notification, before, limit: limit + 1 };
        const page = pageFrom(await listDeliveries(db, filter), limit, ({ deliveryId }) => [deliveryId]);
        return { ...page, items: page.items.map(schemas.deliveryJson) };
      },
    );

    app.post(
      '/notifications/deliveries/:id/redeliver',
      {
        config: { permission: 'notification.delivery:write', reach: 'institution' },
        schema: {
          tags,
          summary: 'Try a dead or skipped delivery again',
          params: schemas.deliveryParams,
          response: { 204: z.null() },
        },
      },
      (request, reply) => {
        auditSubject({ kind: 'notification_delivery', id: request.params.id });
        return deps.idempotently(request, reply, async (tx) => {
          await redeliver(tx, clock, request.params.id);
          return { status: 204 };
        });
      },
    );
  };
}
