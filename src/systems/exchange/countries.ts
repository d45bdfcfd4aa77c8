/**
 * Which currency a country's rate to the US dollar is in, from the first month on that is named. Codes: ISO 4217 List
 * One and, for withdrawn ones, List Three.
 */

type Since = readonly (readonly [month: string, currency: string])[];
const always = (currency: string): Since => [['0001-01', currency]];

export const currencyOfCountry: Readonly<Record<string, Since>> = {
  Australia: always('AUD'),
  Austria: always('ATS'),
  Belgium: always('BEF'),
  // The real; the series starts after it had replaced the cruzeiro real in July 1994.
  Brazil: [['1994-07', 'BRL']],
  Canada: always('CAD'),
  China: always('CNY'),
  Denmark: always('DKK'),
  Euro: [['1999-01', 'EUR']],
  Finland: always('FIM'),
  France: always('FRF'),
  Germany: always('DEM'),
  Greece: always('GRD'),
  'Hong Kong': always('HKD'),
  India: always('INR'),
  Ireland: always('IEP'),
  Italy: always('ITL'),
  Japan: always('JPY'),
  Malaysia: always('MYR'),
  // The new peso, since January 1993.
  Mexico: [['1993-01', 'MXN']],
  Netherlands: always('NLG'),
  'New Zealand': always('NZD'),
  Norway: always('NOK'),
  Portugal: always('PTE'),
  Singapore: always('SGD'),
  'South Africa': always('ZAR'),
  'South Korea': always('KRW'),
  Spain: always('ESP'),
  'Sri Lanka': always('LKR'),
  Sweden: always('SEK'),
  Switzerland: always('CHF'),
  Taiwan: always('TWD'),
  Thailand: always('THB'),
  'United Kingdom': always('GBP'),
  // The series restates the bolívar of before 2008 in bolívares fuertes, and steps to the bolívar soberano in September
  // 2018 and to the bolívar digital in November 2021, the first whole months after 20 August and 1 October.
  Venezuela: [
    ['0001-01', 'VEF'],
    ['2018-09', 'VES'],
    ['2021-11', 'VED'],
  ],
};

/** Withdrawn currencies whose rates may be kept as history; nothing can be dealt in them. */
export const withdrawnCurrencies: ReadonlySet<string> = new Set(
  'ATS BEF DEM ESP FIM FRF GRD IEP ITL LUF NLG PTE VEB VEF'.split(' '),
);

/** The currency of a country's rate on a date; undefined when it is not known. */
export function currencyOn(country: string, date: string): string | undefined {
  if (!Object.hasOwn(currencyOfCountry, country)) return undefined;
  return currencyOfCountry[country]?.findLast(([month]) => month <= date.slice(0, 7))?.[1];
}
