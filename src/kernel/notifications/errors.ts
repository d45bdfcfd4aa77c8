import { defineErrors } from '#kernel/errors';

export const notificationError = defineErrors({
  notification_template_not_found: { status: 404, title: 'No such notification template' },
  notification_template_invalid: { status: 400, title: 'Notification template not valid' },
  notification_value_missing: { status: 500, title: 'A placeholder of a notification has no value' },
  notification_value_unknown: { status: 500, title: 'A value of a notification has no placeholder' },
  notification_not_found: { status: 404, title: 'No such notification' },
  notification_delivery_not_found: { status: 404, title: 'No finished delivery of this id' },
  notification_hours_invalid: { status: 400, title: 'Quiet hours not valid' },
});
