/** Finds code that asks the machine for the time instead of the injected clock. */
import ts from 'typescript';
import type { Finding } from './money.ts';

const sqlTime =
  /(?<![\w.])(now|clock_timestamp|statement_timestamp|transaction_timestamp|timeofday)\s*\(\s*\)|\b(current_timestamp|current_date|current_time|localtimestamp|localtime)\b/i;

/** In TypeScript: `Date.now`, `new Date()` without an argument, `Temporal.Now`, and SQL time functions in texts. */
export function machineTimeInCode(file: string, text: string): Finding[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const findings: Finding[] = [];
  const report = (node: ts.Node, what: string) => {
    const { line } = source.getLineAndCharacterOfPosition(node.getStart(source));
    findings.push({ file, line: line + 1, what });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isPropertyAccessExpression(node) && /^(Date\.now|Temporal\.Now)$/.test(node.getText(source))) {
      report(node, node.getText(source));
    }
    if (ts.isNewExpression(node) && node.expression.getText(source) === 'Date' && (node.arguments?.length ?? 0) === 0) {
      report(node, 'new Date()');
    }
    if (ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node)) {
      const found = isSql(node.text) ? sqlTime.exec(node.text) : null;
      if (found !== null) report(node, found[0]);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return findings;
}

/** In SQL: the functions and words that give the server's time. */
export function machineTimeInSql(file: string, text: string): Finding[] {
  return sqlLines(text).flatMap((line, index) => {
    const found = sqlTime.exec(line);
    return found === null ? [] : [{ file, line: index + 1, what: found[0] }];
  });
}

/** In SQL: column and variable types that are binary floats, and the `money` type, which depends on a locale. */
export function floatsInSql(file: string, text: string): Finding[] {
  return sqlLines(text).flatMap((line, index) => {
    const found = /\b(real|double\s+precision|float[48]?|money)\b/i.exec(line);
    return found === null ? [] : [{ file, line: index + 1, what: found[0] }];
  });
}

/** Lines of `text` with comments and quoted texts made empty. */
function sqlLines(text: string): string[] {
  const emptied = (part: string) => part.replace(/[^\n]/g, ' ');
  return text
    .replace(/\/\*[\s\S]*?\*\//g, emptied)
    .replace(/--[^\n]*/g, '')
    .replace(/'(?:[^']|'')*'/g, emptied)
    .split('\n');
}

/** A text is looked at as SQL when a word of SQL stands in it; a sentence that says "now()" is not SQL. */
function isSql(text: string): boolean {
  return /\b(select|insert|update|delete|values|default|where|set|create|interval|returning)\b/i.test(text);
}
