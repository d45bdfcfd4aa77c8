/**
 * Webhooks: events delivered to URLs outside, signed, at least once, in no guaranteed order (the body carries the
 * position in the log for a receiver who needs it).
 */
export { type AddressPolicy, addressPolicy, checkUrl, loopbackNetworks } from './address.ts';
export type { Delivery, DeliveryFilter, DeliveryState } from './deliveries.ts';
export { webhookRoutes } from './routes.ts';
export { retryDelay_ms } from './run.ts';
export { createSender, type Sender, type Sent } from './send.ts';
export { sign, signatureHeader, verifySignature } from './signature.ts';
export { rotateSecret, type Subscription, type SubscriptionInput } from './subscriptions.ts';
export { openWebhooks, type Webhooks, type WebhooksOptions } from './webhooks.ts';
