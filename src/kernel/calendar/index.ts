/** Business calendars: which dates are business days, and how dates that are none are moved to one. */
export {
  type Calendar,
  type CalendarName,
  calendar,
  calendarNames,
  type DateAdjustment,
  dateAdjustments,
} from './calendar.ts';
