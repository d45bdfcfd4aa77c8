/** A report as tables: one per currency, with texts and amounts in columns. No I/O. */
import { formatAmount } from '#kernel/money';
import type { Grid } from '../model.ts';

export const languages = ['zh', 'en'] as const;
export type Language = (typeof languages)[number];

export interface TabularRow {
  readonly key: string;
  readonly name: string;
  readonly level: number;
  readonly bold: boolean;
  /** Decimal text in major units; null where there is nothing to show. */
  readonly amounts: readonly (string | null)[];
}

export interface Tabular {
  readonly title: string;
  readonly currency: string;
  /** Titles of the columns of amounts. */
  readonly columns: readonly string[];
  readonly rows: readonly TabularRow[];
}

/** The names of the two columns before the amounts. */
export const leading: Readonly<Record<Language, readonly [string, string]>> = {
  zh: ['编号', '项目'],
  en: ['Key', 'Item'],
};

/** @param options.nonzero leaves out rows that are zero in every column */
export function tabular(grid: Grid, options: { language: Language; nonzero: boolean }): Tabular[] {
  const { language, nonzero } = options;
  const chinese = language === 'zh';
  return grid.sections.map(({ currency, rows }) => ({
    title: chinese ? grid.nameZh : grid.nameEn,
    currency,
    columns: grid.columns.map(({ nameZh, nameEn }) => (chinese ? nameZh : nameEn)),
    rows: rows
      .filter(({ amounts, bold }) => !nonzero || bold || amounts.some((amount) => amount !== null && amount !== 0n))
      .map(({ key, nameZh, nameEn, level, bold, amounts }) => ({
        key,
        name: chinese ? nameZh : nameEn,
        level,
        bold,
        amounts: amounts.map((amount) => (amount === null ? null : formatAmount(amount, currency))),
      })),
  }));
}
