/** Expressions such as rules are made of; each gives the same answer on both sides. */
export interface BenchExpression {
  readonly text: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

export const expressions: readonly BenchExpression[] = [
  { text: 'a + b * 2', variables: { a: 3, b: 4 } },
  { text: 'amount > 1000 and amount <= 50000', variables: { amount: 25_000 } },
  { text: 'if score >= 700 then "A" else if score >= 600 then "B" else "C"', variables: { score: 640 } },
  { text: 'income * 0.36 >= payment', variables: { income: 8200.5, payment: 2100.25 } },
  {
    text: 'customer.age >= 18 and customer.country in ("CN", "HK", "MO")',
    variables: { customer: { age: 34, country: 'HK' } },
  },
  {
    text: 'sum(for i in items return i.price * i.count)',
    variables: {
      items: [
        { price: 12, count: 2 },
        { price: 7, count: 3 },
        { price: 30, count: 1 },
      ],
    },
  },
  { text: 'count(items[price > 10])', variables: { items: [{ price: 12 }, { price: 7 }, { price: 30 }] } },
  { text: 'some x in scores satisfies x < 5', variables: { scores: [9, 8, 7, 6, 5, 4] } },
  { text: 'upper case(name) + " / " + substring(name, 1, 3)', variables: { name: 'longmen' } },
  { text: 'x in [1..10] or x in (90..100)', variables: { x: 95 } },
  { text: 'date(start) + duration("P3M") > date("2026-01-01")', variables: { start: '2025-11-15' } },
  { text: '{rate: 0.045, monthly: principal * rate / 12}.monthly', variables: { principal: 100_000 } },
];
