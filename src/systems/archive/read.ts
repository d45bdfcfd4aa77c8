/** Reading archives: what was taken out of the journal, for whoever asks for it years later. */
import type { PostingLeaf, SaltedText } from '#systems/evidence';
import { checkArchive } from './check.ts';
import { findArchives, readLines, readManifest } from './files.ts';
import type { Manifest, PostingLine, TextLine } from './model.ts';

export interface ArchivedPosting extends PostingLeaf {
  readonly archive: number;
  /** Null: it had none, or it was erased. */
  readonly description: string | null;
  readonly reference: string | null;
}

export interface ArchiveFilter {
  readonly book: string;
  readonly accountId?: string | undefined;
  /** The transfer itself and what posted, voided, reversed or expired it. */
  readonly transferId?: string | undefined;
  /** Effective dates, both included. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

/**
 * The archived postings of a book that a filter lets through, in journal order. Each archive is verified by itself before it
 * is read, against the keys given. Errors: `archive_not_found`, `archive_unsound`.
 */
export async function* readArchived(
  folder: string,
  filter: ArchiveFilter,
  keys: readonly string[],
): AsyncGenerator<ArchivedPosting> {
  for (const { book, path } of await findArchives(folder)) {
    if (book !== filter.book) continue;
    const { manifest } = await readManifest(path);
    if (filter.from !== undefined && manifest.through_date < filter.from) continue;
    await checkArchive(path, keys, null);
    yield* await postingsOf(path, manifest, filter);
  }
}

async function postingsOf(path: string, manifest: Manifest, filter: ArchiveFilter): Promise<ArchivedPosting[]> {
  const texts = new Map((await readLines<TextLine>(path, 'texts', manifest)).map((line) => [line.sequence, line]));
  const text = (told: SaltedText | null | undefined) => told?.text ?? null;
  const { accountId, transferId, from = '', to = '9999-12-31' } = filter;
  return (await readLines<PostingLine>(path, 'postings', manifest))
    .filter(
      (leaf) =>
        (accountId === undefined || leaf.debit_account_id === accountId || leaf.credit_account_id === accountId) &&
        (transferId === undefined || leaf.id === transferId || leaf.related_id === transferId) &&
        leaf.effective_date >= from &&
        leaf.effective_date <= to,
    )
    .map((leaf) => ({
      ...leaf,
      archive: manifest.number,
      description: text(texts.get(leaf.sequence)?.description),
      reference: text(texts.get(leaf.sequence)?.reference),
    }));
}
