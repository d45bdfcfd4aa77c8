/** Templates that show how it is done. They are examples: an institution publishes its own, with its own accounts. */

/** By name, in the JSON form a caller would write. */
export const exampleTemplates: Readonly<Record<string, object>> = {
  fee_with_vat: {
    title: 'Example: a fee that includes value-added tax',
    about: 'The fee is what the customer pays. At 6% it is divided 100 : 6 into income and tax.',
    example: true,
    parameters: {
      customer: { type: 'account', about: 'Who pays.' },
      fee_income: { type: 'account' },
      vat_payable: { type: 'account' },
      fee: { type: 'amount', currency: 'CNY', about: 'Tax included.' },
      vat_rate: { type: 'rate', default: '6', about: 'In percent.' },
      service: { type: 'text', default: 'service' },
    },
    postings: [
      {
        whole: 'fee',
        residual: 'largest_remainder',
        debit: 'customer',
        type: 'fee',
        description: 'Fee for {service}, {fee} with {vat_rate}% tax',
        parts: [
          { name: 'net', credit: 'fee_income', share: { weight: '100' } },
          { name: 'vat', credit: 'vat_payable', share: { weight: { parameter: 'vat_rate' } } },
        ],
      },
    ],
  },
  salary: {
    title: 'Example: one salary of a salary run',
    about: 'The gross salary is divided into pension, housing fund and income tax; the employee gets what remains.',
    example: true,
    parameters: {
      company: { type: 'account' },
      employee: { type: 'account' },
      pension_payable: { type: 'account' },
      housing_fund_payable: { type: 'account' },
      income_tax_payable: { type: 'account' },
      gross: { type: 'amount', currency: 'CNY' },
      income_tax: { type: 'amount', currency: 'CNY', default: '0' },
      pension_percent: { type: 'rate', default: '8' },
      month: { type: 'text' },
      pay_day: { type: 'date' },
    },
    effective_date: 'pay_day',
    type: 'salary',
    reference: 'salary/{month}',
    postings: [
      {
        whole: 'gross',
        residual: 'last',
        debit: 'company',
        parts: [
          { name: 'pension', credit: 'pension_payable', share: { percent: { parameter: 'pension_percent' } } },
          { name: 'housing_fund', credit: 'housing_fund_payable', share: { percent: '7' } },
          { name: 'tax', credit: 'income_tax_payable', share: { amount: 'income_tax' } },
          { name: 'net', credit: 'employee', share: 'remainder' },
        ],
      },
    ],
  },
  loan_repayment: {
    title: 'Example: a loan repayment, interest first',
    about:
      'Interest due is paid first, principal with the rest, never more than is due; from the current account as far as it goes, then from savings, overdraft included.',
    example: true,
    parameters: {
      current: { type: 'account' },
      savings: { type: 'account' },
      loan: { type: 'account' },
      interest_receivable: { type: 'account' },
      payment: { type: 'amount', currency: 'CNY' },
      interest_due: { type: 'amount', currency: 'CNY' },
      principal_due: { type: 'amount', currency: 'CNY' },
    },
    amounts: {
      interest_paid: { min: ['payment', 'interest_due'] },
      after_interest: { minus: ['payment', 'interest_paid'] },
      principal_paid: { min: ['after_interest', 'principal_due'] },
    },
    type: 'loan_repayment',
    postings: [
      {
        debit: { sources: ['current', 'savings'] },
        credit: 'interest_receivable',
        amount: 'interest_paid',
        description: 'Interest {interest_paid}',
      },
      {
        debit: { sources: ['current', 'savings'] },
        credit: 'loan',
        amount: 'principal_paid',
        description: 'Principal {principal_paid} of {principal_due}',
      },
    ],
  },
  cash_deposit: {
    title: 'Example: a cash deposit',
    example: true,
    parameters: {
      cash: { type: 'account' },
      customer: { type: 'account' },
      deposit: { type: 'amount', about: 'In any currency: {"amount":"12.30","currency":"CNY"}.' },
      slip: { type: 'text' },
    },
    type: 'cash_deposit',
    reference: '{slip}',
    postings: [{ debit: 'cash', credit: 'customer', amount: 'deposit' }],
  },
};
