/**
 * Notifications: what a person is told, in the inbox, by e-mail and by webhook, with templates in both languages, quiet hours and
 * proof of delivery.
 */
export type { SmtpOptions } from './channels.ts';
export { type DeliveryProof, type DeliveryState, listDeliveries, redeliver } from './deliveries.ts';
export { notificationError } from './errors.ts';
export {
  countUnread,
  listNotifications,
  markAllRead,
  markRead,
  type Notification,
  type Preferences,
  purgeNotifications,
  readPreferences,
  savePreferences,
} from './inbox.ts';
export type { Channel, QuietHours, Template, Urgency, Value, Values } from './model.ts';
export { type NotifyInput, notify } from './notify.ts';
export { type NotificationRouteOptions, notificationRoutes } from './routes.ts';
export { type Notifier, type NotifierLog, type NotifierOptions, openNotifier } from './run.ts';
export { installTemplates, type KeptTemplate, listTemplates, readTemplate, saveTemplate } from './templates.ts';
