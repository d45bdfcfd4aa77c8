import { open, rename, rm } from 'node:fs/promises';
import type { ExportFormat } from '#engines/ledger';
import { addExample, type RegisterCommand } from '../command.ts';
import type { Context } from '../context.ts';

/** `longmen export hledger|beancount`: a book as a journal that somebody else's program can read and check. */
export const exportCommand: RegisterCommand = (program, act) => {
  const family = program.command('export').helpCommand(false).description('a book as text for other programs');
  addExample(family, 'longmen export hledger --output main.journal');

  const formats = { hledger: 'main.journal', beancount: 'main.beancount' } as const;
  for (const [format, file] of Object.entries(formats) as [ExportFormat, string][]) {
    const command = family
      .command(format)
      .description(`all posted transfers of a book as a journal for ${format}, closing with every balance as a check`)
      .option('--book <code>', 'the book', 'main')
      .option('--output <file>', 'write there instead of to standard output')
      .action(
        act((context, _words, options) =>
          exportJournal(context, format, String(options.book), options.output as string | undefined),
        ),
      );
    addExample(command, `longmen export ${format} --output ${file}`);
  }
};

async function exportJournal(context: Context, format: ExportFormat, book: string, file: string | undefined) {
  const { exportBook } = await import('#engines/ledger');
  const db = await context.database();
  const progress = context.progress();
  const onProgress = (transfers: number) => progress(transfers, 0, 'transfers');

  if (file === undefined) {
    const parts: string[] = [];
    const write = (text: string) => {
      // With --json the journal is one member of the one document, and waits for its end.
      if (context.output.json) parts.push(text);
      else context.output.text(text);
    };
    const counts = await exportBook(db, book, { format, write, onProgress });
    if (context.output.json) context.output.result({ format, book, ...counts, journal: parts.join('') }, () => '');
    return;
  }

  // Nobody should find half a journal under the name that was asked for.
  const partial = `${file}.partial`;
  const handle = await open(partial, 'w');
  try {
    const write = async (text: string) => {
      await handle.write(text);
    };
    const counts = await exportBook(db, book, { format, write, onProgress });
    await handle.close();
    await rename(partial, file);
    context.output.result(
      { format, book, ...counts, file },
      () => `${counts.transfers} transfers, ${counts.accounts} accounts: ${file}`,
    );
  } catch (error) {
    await handle.close().catch(() => {});
    await rm(partial, { force: true });
    throw error;
  }
}
