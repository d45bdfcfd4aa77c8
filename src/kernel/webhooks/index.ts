/**
 * Webhooks: events delivered to URLs outside, signed, at least once, in no guaranteed order (the body carries the
 * position in the log for a receiver who needs it).
 */
export { loopbackNetworks } from './address.ts';
export type { Delivery, DeliveryFilter, DeliveryState } from './deliveries.ts';
export { webhookRoutes } from './routes.ts';
export { signatureHeader, verifySignature } from './signature.ts';
export { rotateSecret, type Subscription, type SubscriptionInput } from './subscriptions.ts';
export { openWebhooks, type Webhooks, type WebhooksOptions } from './webhooks.ts';
