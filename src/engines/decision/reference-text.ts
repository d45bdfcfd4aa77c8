/** The reference of all built-in functions as Markdown: `docs/decision.md` holds this text, and a test compares the two. */
import { BUILT_INS, type BuiltInGroup, signatureText } from './builtins/index.ts';

const TITLES: Readonly<Record<BuiltInGroup, string>> = {
  conversion: 'Conversion',
  boolean: 'Boolean',
  string: 'Strings',
  list: 'Lists',
  number: 'Numbers',
  date: 'Dates and times',
  range: 'Ranges',
  context: 'Contexts',
  clock: 'Clock',
};

/** One heading per group, one section per function: signatures, what it does in English and Chinese, executed examples. */
export function builtInReference(): string {
  const groups = new Map<BuiltInGroup, string[]>();
  for (const builtIn of BUILT_INS.values()) {
    const signatures = builtIn.signatures.map((signature) => signatureText(builtIn, signature));
    const examples = builtIn.examples.map(([expression, result]) => `${expression}  // ${result}`);
    const section = [
      `#### ${builtIn.name}`,
      '',
      `${builtIn.summary.en} ${builtIn.summary.zh}`,
      '',
      '```feel',
      ...signatures.map((signature) => `// ${signature}`),
      ...examples,
      '```',
    ].join('\n');
    groups.set(builtIn.group, [...(groups.get(builtIn.group) ?? []), section]);
  }
  return [...groups].map(([group, sections]) => [`### ${TITLES[group]}`, ...sections].join('\n\n')).join('\n\n');
}
