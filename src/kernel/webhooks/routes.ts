/** Webhook subscriptions over HTTP. */
import { z } from 'zod';
import { findBook } from '#kernel/events';
import { pageOf, type RouteModule, uuidField } from '#kernel/http';
import type { Subscription } from './subscriptions.ts';
import type { Webhooks } from './webhooks.ts';

const bookCode = z.string().default('main').describe('Code of the book.');
const subscriptionReply = z
  .object({
    id: z.string(),
    url: z.string(),
    event_types: z.array(z.string()).describe('Empty: all types.'),
    created_at: z.string(),
  })
  .meta({ id: 'WebhookSubscription' });
const bookQuery = z.strictObject({ book: bookCode });

export function webhookRoutes(webhooks: Webhooks): RouteModule {
  return (app, deps) => {
    app.get(
      '/webhooks',
      {
        config: { permission: 'webhook:read', reach: 'institution' },
        schema: {
          tags: ['webhooks'],
          summary: 'Webhook subscriptions of a book',
          querystring: bookQuery,
          response: { 200: pageOf(subscriptionReply) },
        },
      },
      async ({ query }) => {
        const { bookId } = await findBook(deps.db, query.book);
        return { items: (await webhooks.subscriptions(deps.db, bookId)).map(subscriptionJson), next_cursor: null };
      },
    );
    app.post(
      '/webhooks',
      {
        config: { permission: 'webhook:write', reach: 'institution' },
        schema: {
          tags: ['webhooks'],
          summary: 'Subscribe a URL to the events that come after now; the secret is shown this once',
          body: z.strictObject({
            book: bookCode,
            url: z.string().max(2_000),
            event_types: z.array(z.string()).max(100).default([]),
          }),
          response: { 201: subscriptionReply.extend({ secret: z.string() }) },
        },
      },
      (request, reply) =>
        deps.idempotently(request, reply, async (tx) => {
          const { book, url, event_types } = request.body;
          const { bookId } = await findBook(tx, book);
          const { subscription, secret } = await webhooks.subscribe(tx, bookId, { url, eventTypes: event_types });
          return { status: 201, body: { ...subscriptionJson(subscription), secret } };
        }),
    );
    app.delete(
      '/webhooks/:id',
      {
        config: { permission: 'webhook:write', reach: 'institution' },
        schema: {
          tags: ['webhooks'],
          summary: 'Remove a subscription and its deliveries',
          params: z.strictObject({ id: uuidField }),
          querystring: bookQuery,
          response: { 204: z.null() },
        },
      },
      (request, reply) =>
        deps.idempotently(request, reply, async (tx) => {
          const { bookId } = await findBook(tx, request.query.book);
          await webhooks.unsubscribe(tx, bookId, request.params.id);
          return { status: 204, body: null };
        }),
    );
  };
}

function subscriptionJson(subscription: Subscription) {
  return {
    id: subscription.subscriptionId,
    url: subscription.url,
    event_types: [...subscription.eventTypes],
    created_at: subscription.createdAt,
  };
}
