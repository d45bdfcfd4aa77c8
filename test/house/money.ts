/** Finds binary floats where money is meant, with the TypeScript compiler: by name of the value and by its type. */
import ts from 'typescript';

/** Words that make a name mean an amount of money. */
const moneyWord = /(^|_)(amount|minor|balance|debits?|credits?)(_|$)|(Minor|Amount|Balance)$|^(amount|balance)$/;

export interface Finding {
  readonly file: string;
  readonly line: number;
  readonly what: string;
}

/**
 * Looks through `files` of a compiled program for (1) variables, parameters, properties and functions whose name means
 * money and whose type is or contains `number`, (2) `Number(…)`, `parseFloat(…)`, `parseInt(…)`, unary plus and `Math.…`
 * on an expression that means money, (3) zod numbers under a name that means money.
 */
export function floatsInMoney(program: ts.Program, files: readonly string[]): Finding[] {
  const checker = program.getTypeChecker();
  const findings: Finding[] = [];

  for (const file of files) {
    const source = program.getSourceFile(file);
    if (source === undefined) throw new Error(`${file} is not part of the program`);
    const report = (node: ts.Node, what: string) => {
      const { line } = source.getLineAndCharacterOfPosition(node.getStart(source));
      findings.push({ file, line: line + 1, what });
    };
    const visit = (node: ts.Node): void => {
      const name = declaredName(node);
      if (name !== undefined && moneyWord.test(name.text)) {
        const type = checker.getTypeAtLocation(node);
        if (isNumeric(type, checker)) report(node, `${name.text} is a number`);
        const symbol = type.getSymbol()?.getName() ?? '';
        if (/^Zod(Number|Int|Float|Coerced(Number|Int))/.test(symbol)) report(node, `${name.text} is ${symbol}`);
      }
      const converted = convertedToNumber(node);
      if (converted !== undefined && meansMoney(converted)) report(node, node.getText(source));
      ts.forEachChild(node, visit);
    };
    visit(source);
  }
  return findings;
}

function declaredName(node: ts.Node): ts.Identifier | ts.StringLiteral | undefined {
  const declares =
    ts.isVariableDeclaration(node) ||
    ts.isParameter(node) ||
    ts.isPropertySignature(node) ||
    ts.isPropertyDeclaration(node) ||
    ts.isPropertyAssignment(node) ||
    ts.isShorthandPropertyAssignment(node) ||
    ts.isBindingElement(node) ||
    ts.isFunctionDeclaration(node) ||
    ts.isMethodDeclaration(node) ||
    ts.isMethodSignature(node);
  if (!declares || node.name === undefined) return undefined;
  return ts.isIdentifier(node.name) || ts.isStringLiteral(node.name) ? node.name : undefined;
}

/** Whether a type, or what a function of this type returns, is or may be a `number`. */
function isNumeric(type: ts.Type, checker: ts.TypeChecker): boolean {
  if (type.isUnion()) return type.types.some((part) => isNumeric(part, checker));
  if ((type.flags & ts.TypeFlags.NumberLike) !== 0) return true;
  return type.getCallSignatures().some((signature) => isNumeric(signature.getReturnType(), checker));
}

/** The expression that `node` turns into a binary float, if that is what it does. */
function convertedToNumber(node: ts.Node): ts.Expression | undefined {
  if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.PlusToken) return node.operand;
  if (!ts.isCallExpression(node)) return undefined;
  const called = node.expression.getText();
  const converts = /^(Number|parseFloat|parseInt|Number\.(parseFloat|parseInt)|Math\.\w+)$/.test(called);
  return converts ? node.arguments[0] : undefined;
}

function meansMoney(expression: ts.Node): boolean {
  // The length of a list of amounts, or its position in a row, is no money.
  if (ts.isPropertyAccessExpression(expression) && expression.name.text === 'length') return false;
  if (ts.isIdentifier(expression)) return moneyWord.test(expression.text);
  return ts.forEachChild(expression, (child) => meansMoney(child) || undefined) ?? false;
}
