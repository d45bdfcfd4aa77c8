/** The type checker for a single expression, as an editor wants it while one types. */
import { LongmenError } from '#kernel/errors';
import { withNames } from '../feel/check-scope.ts';
import { typeOf } from '../feel/check-types.ts';
import { NameScope } from '../feel/names.ts';
import { parseExpression, parseUnaryTests } from '../feel/parser.ts';
import { ANY, builtInType, typeText } from '../feel/types.ts';
import { builtInNames, propertyNames } from '../model/names-in-scope.ts';
import type { Problem } from '../model/problems.ts';

export interface ExpressionCheck {
  /** Text of the type; null when the expression cannot be parsed. */
  readonly type: string | null;
  readonly problems: readonly Problem[];
}

/** Checks an expression (or unary tests over `?`) whose variables have the given types, by their FEEL names. */
export function checkExpression(
  text: string,
  variables: Readonly<Record<string, string>> = {},
  dialect: 'expression' | 'unary tests' = 'expression',
): ExpressionCheck {
  const names = Object.keys(variables);
  const options = {
    names: new NameScope(builtInNames(), dialect === 'expression' ? names : [...names, '?']),
    members: propertyNames(),
  };
  const problems: Problem[] = [];
  try {
    const node = dialect === 'expression' ? parseExpression(text, options) : parseUnaryTests(text, options);
    const types = names.map((name) => [name, builtInType(variables[name] ?? 'Any') ?? ANY] as const);
    const type = typeOf(node, withNames(null, types), {
      report(code, en, zh, { start, end }) {
        problems.push({ code, severity: 'error', en, zh, text, start, end });
      },
      table: () => ANY,
    });
    return { type: typeText(type), problems };
  } catch (error) {
    if (!(error instanceof LongmenError) || error.code !== 'feel_syntax') throw error;
    const { start, end } = error.meta;
    const place = { start: Number(start), end: Number(end) };
    problems.push({
      code: 'feel_syntax',
      severity: 'error',
      en: error.message,
      zh: `语法错误：${error.message}`,
      text,
      ...place,
    });
    return { type: null, problems };
  }
}
