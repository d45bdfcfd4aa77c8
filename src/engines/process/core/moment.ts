/** The instant of a step and the business time zone (IANA). */
export interface Moment {
  readonly now_ms: number;
  readonly timeZone: string;
}
