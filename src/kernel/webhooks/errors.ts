import { defineErrors } from '#kernel/errors';

export const webhooksError = defineErrors({
  webhook_url_invalid: { status: 400, title: 'Webhook URL is not acceptable' },
  webhook_address_refused: { status: 400, title: 'Webhook URL leads to an address that is not allowed' },
  webhook_event_type_invalid: { status: 400, title: 'Webhook event type is malformed' },
  webhook_subscription_not_found: { status: 404, title: 'Webhook subscription not found' },
  webhook_delivery_not_found: { status: 404, title: 'Webhook delivery not found' },
});
