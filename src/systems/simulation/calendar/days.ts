/** The days of a simulation: what each means for business. Pay days that fall on holidays move to the working day before. */
import { type Calendar, calendar } from '#kernel/calendar';
import { addDays, daysBetween, type IsoDate, parseDate, Temporal } from '#kernel/dates';
import { springFestivals } from '../data/tables.ts';
import type { Parameters } from '../parameters/load.ts';

/** Days of the month on which wages are paid, before they are moved. */
export const payDays: readonly number[] = [5, 8, 10, 15, 20, 25];

export interface Day {
  /** From 0 on the first day. */
  readonly index: number;
  readonly date: IsoDate;
  readonly dayOfMonth: number;
  /** The last day of a month also stands for the days the month does not have. */
  readonly lastOfMonth: boolean;
  readonly isBusinessDay: boolean;
  readonly isMonthEnd: boolean;
  /** Interest is settled on the 21st of the last month of each quarter. */
  readonly settlesInterest: boolean;
  /** Bit n: wages of {@link payDays}[n] are paid today. */
  readonly payDayBits: number;
  readonly payments: number;
  readonly peers: number;
  readonly business: number;
}

/** Error: `calendar_year_unknown` for a day outside the data of the working-day calendar. */
export function dayOf(parameters: Parameters, index: number): Day {
  const working = calendar('CN_INTERBANK');
  const date = addDays(parameters.start, index);
  const tomorrow = addDays(date, 1);
  const dayOfMonth = Number(date.slice(8));
  const month = Number(date.slice(5, 7));
  const lastOfMonth = tomorrow.slice(0, 7) !== date.slice(0, 7);
  const isBusinessDay = working.isBusinessDay(date);
  const season = seasonOf(parameters, date);
  const { day_off_payments, day_off_business, month_end_business } = parameters.calendar;
  const isMonthEnd = isBusinessDay && isLastBusinessDay(working, date);
  return {
    index,
    date,
    dayOfMonth,
    lastOfMonth,
    isBusinessDay,
    isMonthEnd,
    settlesInterest: dayOfMonth === 21 && month % 3 === 0,
    payDayBits: payDayBits(working, date),
    payments: season.payments * (isBusinessDay ? 1 : day_off_payments),
    peers: season.peers,
    business: season.business * (isBusinessDay ? 1 : day_off_business) * (isMonthEnd ? month_end_business : 1),
  };
}

function isLastBusinessDay(working: Calendar, date: IsoDate): boolean {
  const last = Temporal.PlainDate.from(date).with({ day: 31 }, { overflow: 'constrain' }).toString();
  return working.adjust(parseDate(last), 'preceding') === date;
}

function payDayBits(working: Calendar, date: IsoDate): number {
  let bits = 0;
  if (!working.isBusinessDay(date)) return bits;
  // A holiday week is at most nine days long: a nominal pay day that moves here is that near.
  for (let ahead = 0; ahead <= 9; ahead += 1) {
    const nominal = addDays(date, ahead);
    const which = payDays.indexOf(Number(nominal.slice(8)));
    if (which >= 0 && working.adjust(nominal, 'preceding') === date) bits |= 1 << which;
  }
  return bits;
}

function seasonOf(
  { calendar: seasons }: Parameters,
  date: IsoDate,
): { payments: number; peers: number; business: number } {
  const plain = { payments: 1, peers: 1, business: 1 };
  const singles = daysBetween(parseDate(`${date.slice(0, 4)}-11-11`), date);
  if (singles >= 0 && singles < seasons.singles_day.days) return seasons.singles_day;
  for (const festival of springFestivals) {
    // The eve, with its red envelopes, is the first day of the feast.
    const since = daysBetween(parseDate(festival), date) + 1;
    if (since >= 0 && since < seasons.spring_festival.days) return seasons.spring_festival;
    if (since < 0 && -since <= seasons.before_spring_festival.days) return seasons.before_spring_festival;
  }
  return plain;
}
