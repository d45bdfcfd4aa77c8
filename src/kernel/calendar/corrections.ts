/**
 * What the State Council's holiday notices, and so the package `chinese-days`, do not say about the two markets. Found
 * by comparing every day from 2004 to 2026 with the tables of QuantLib's calendars `China::SSE` and `China::IB` (as of
 * 1.42, read from a port of them). From 2007 on 2024-02-09 is the only difference. Before, QuantLib also has fixed
 * spring and autumn festivals, which were no public holidays yet, and lacks some make-up days: there the notices hold.
 */

/** Official working days on which the stock exchanges were closed nevertheless: days just before Spring Festival. */
export const exchangeClosures: readonly string[] = [
  '2004-01-19',
  '2004-01-20',
  '2004-01-21',
  '2005-02-07',
  '2005-02-08',
  '2006-01-26',
  '2006-01-27',
  '2024-02-09',
];

/** Make-up working days that the package misses: the last Saturday of 2005 belongs to the notice for 2006. */
export const missingMakeUpDays: readonly string[] = ['2005-12-31'];
