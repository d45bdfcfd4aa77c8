/**
 * Currency codes by number of decimals. Source: ISO 4217 List One (current currencies and funds) as published on
 * 1 January 2026. Codes whose minor unit the list gives as not applicable (metals, special drawing rights, units of
 * account, test codes) are left out: an amount in minor units has no meaning for them.
 */
export const activeCurrencies: readonly { readonly exponent: number; readonly codes: string }[] = [
  { exponent: 0, codes: 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF' },
  {
    exponent: 2,
    codes: `
      AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF
      CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL
      HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU
      MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR
      SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED
      VES WST XAD XCD XCG YER ZAR ZMW ZWG
    `,
  },
  { exponent: 3, codes: 'BHD IQD JOD KWD LYD OMR TND' },
  { exponent: 4, codes: 'CLF UYW' },
];

/**
 * Withdrawn currencies (ISO 4217 List Three) that books and records may still hold: those withdrawn in the last years
 * within the time records are kept, and CSK, the Czechoslovak koruna of older bank data.
 */
export const historicCurrencies: typeof activeCurrencies = [{ exponent: 2, codes: 'ANG BGN CSK CUC HRK SLL ZWL' }];
