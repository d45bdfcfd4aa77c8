/** The use cases: write, check, publish and retire templates; show what one would post; post it. */
import { hash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Ledger, Outcome } from '#engines/ledger';
import { readAccount } from '#engines/ledger';
import type { Clock } from '#kernel/clock';
import { type Database, isUniqueViolation, type Queryable, type Transaction } from '#kernel/database';
import { instantText } from '#kernel/dates';
import { invariant, LongmenError } from '#kernel/errors';
import { findBook } from '#kernel/events';
import { canonicalUuid, deterministicId } from '#kernel/ids';
import { check, type Finding } from './check.ts';
import { type Definition, definitionSchema, namePattern } from './definition.ts';
import { templateError } from './errors.ts';
import { type AccountFacts, type Expansion, expand, factsOf, sourcesOf } from './expand.ts';
import type { Posting, TemplateVersion } from './store.ts';
import * as store from './store.ts';
import { readParameters } from './values.ts';

export interface TemplatesDeps {
  readonly db: Database;
  readonly ledger: Ledger;
  readonly clock: Clock;
}

/** Which template, and with what. Without a version the latest published one. */
export interface PostingRequest {
  readonly name: string;
  readonly version?: number | undefined;
  readonly parameters: Readonly<Record<string, unknown>>;
}

export interface Preview extends Expansion {
  readonly name: string;
  readonly version: number;
}

/** A posting, and whether its id had been answered before. */
export type Posted = Posting & { readonly repeated: boolean };

export interface Templates {
  /**
   * Reads a definition as JSON gives it.
   * @throws template_definition_invalid with `errors`: where and what
   */
  read(json: unknown): Definition;
  /** Saves the draft of a template, in place of the one before. It may still have faults. Error: `template_name_invalid`. */
  saveDraft(tx: Transaction, book: string, name: string, definition: Definition): Promise<Finding[]>;
  /**
   * Publishes the draft as the next version, which never changes; the draft is gone then.
   * @throws template_draft_not_found, template_unsound with `findings`
   */
  publishDraft(tx: Transaction, book: string, name: string): Promise<TemplateVersion>;
  /**
   * Publishes a definition as the next version. When it is the content of the latest version already, that is given.
   * @throws template_name_invalid, template_unsound with `findings`
   */
  publish(tx: Transaction, book: string, name: string, definition: Definition): Promise<TemplateVersion>;
  /** Retires a published version for good; the same again changes nothing. Error: `template_not_found`. */
  retire(tx: Transaction, book: string, name: string, version: number): Promise<TemplateVersion>;
  list(book: string, filter: Parameters<typeof store.listVersions>[2]): Promise<TemplateVersion[]>;
  /** A version, else the latest published one. Error: `template_not_found`. */
  template(book: string, name: string, version?: number): Promise<TemplateVersion>;
  /** What would be posted now; nothing is written. Errors: those of `readParameters` and `expand`. */
  preview(book: string, request: PostingRequest): Promise<Preview>;
  /**
   * Posts a template. The id is the caller's: it keeps its first outcome, accepted or refused. What cannot be expanded
   * is an error and no outcome: nothing is kept, and the id may be used again.
   *
   * @throws template_posting_id_invalid, template_posting_differs, template_not_found, template_retired, the errors of
   * {@link preview}, template_posting_contended, and those of `ledger.post`
   */
  post(book: string, id: string, request: PostingRequest): Promise<Posted>;
  /** Error: `template_posting_not_found`. */
  posting(book: string, id: string): Promise<Posting>;
}

/** How often a posting looks at what is available before a refusal is final. */
export const LOOKS = 5;

export function openTemplates({ db, ledger, clock }: TemplatesDeps): Templates {
  const now = () => instantText(clock.now());

  async function template(
    on: Queryable,
    bookId: number,
    name: string,
    version: number | undefined,
  ): Promise<TemplateVersion> {
    const found =
      version === undefined
        ? await store.findLatest(on, bookId, name)
        : await store.findVersion(on, bookId, name, version);
    if (found === undefined) {
      const which = version === undefined ? 'published version' : `version ${version}`;
      throw templateError('template_not_found', `Template '${name}' has no ${which}`, { name });
    }
    return found;
  }

  async function publish(tx: Transaction, bookId: number, name: string, definition: Definition) {
    const findings = check(definition);
    if (findings.length > 0) {
      const [first] = findings;
      throw templateError('template_unsound', `${first?.path}: ${first?.message}`, { findings });
    }
    const version = await store.addVersion(tx, bookId, name, definition, now());
    return template(tx, bookId, name, version);
  }

  async function plan(
    bookId: number,
    { name, version, definition }: TemplateVersion,
    parameters: PostingRequest['parameters'],
    idOf: (index: number) => string,
  ): Promise<Preview> {
    const values = readParameters(definition, parameters);
    const facts = new Map<string, AccountFacts>();
    for (const id of sourcesOf(definition, values)) {
      const account = await readAccount(db, bookId, id).catch((error: unknown) => {
        if (error instanceof LongmenError && error.code === 'account_not_found') return undefined;
        throw error;
      });
      if (account !== undefined) facts.set(id, factsOf(account));
    }
    return { name, version, ...expand(definition, values, facts, idOf) };
  }

  async function answered(bookId: number, id: string, fingerprint: string): Promise<Posting | undefined> {
    const posting = await store.findPosting(db, bookId, id);
    if (posting !== undefined && posting.fingerprint !== fingerprint) {
      throw templateError('template_posting_differs', `The id ${id} was used for another posting`, { id });
    }
    return posting;
  }

  return {
    read: readDefinition,
    async saveDraft(tx, book, name, definition) {
      const { bookId } = await findBook(tx, book);
      await store.lockTemplate(tx, bookId, checkedName(name));
      await store.saveDraft(tx, bookId, name, definition, now());
      return check(definition);
    },
    async publishDraft(tx, book, name) {
      const { bookId } = await findBook(tx, book);
      await store.lockTemplate(tx, bookId, name);
      const draft = await store.findDraft(tx, bookId, name);
      if (draft === undefined) {
        throw templateError('template_draft_not_found', `Template '${name}' has no draft`, { name });
      }
      const published = await publish(tx, bookId, name, draft);
      await store.deleteDraft(tx, bookId, name);
      return published;
    },
    async publish(tx, book, name, definition) {
      const { bookId } = await findBook(tx, book);
      await store.lockTemplate(tx, bookId, checkedName(name));
      const latest = await store.findLatest(tx, bookId, name);
      if (latest !== undefined && isDeepStrictEqual(latest.definition, plain(definition))) return latest;
      return publish(tx, bookId, name, definition);
    },
    async retire(tx, book, name, version) {
      const { bookId } = await findBook(tx, book);
      await store.lockTemplate(tx, bookId, name);
      await template(tx, bookId, name, version);
      await store.addRetirement(tx, bookId, name, version, now());
      return template(tx, bookId, name, version);
    },
    async list(book, filter) {
      return store.listVersions(db, await ledger.bookId(book), filter);
    },
    async template(book, name, version) {
      return template(db, await ledger.bookId(book), name, version);
    },
    async preview(book, { name, version, parameters }) {
      const bookId = await ledger.bookId(book);
      const found = await template(db, bookId, name, version);
      return plan(bookId, found, parameters, (index) => deterministicId('templates.preview', String(index)));
    },
    async post(book, given, request) {
      const bookId = await ledger.bookId(book);
      const id = canonicalUuid(given);
      if (id === undefined) throw templateError('template_posting_id_invalid', `'${given.slice(0, 60)}' is no UUID`);
      const fingerprint = fingerprintOf(request);
      const before = await answered(bookId, id, fingerprint);
      if (before !== undefined) return { ...before, repeated: true };
      const found = await template(db, bookId, request.name, request.version);
      if (found.state === 'retired') {
        throw templateError('template_retired', `Version ${found.version} of '${found.name}' is retired`);
      }
      // Each look has transfer ids of its own, which follow from the caller's id: whoever asks with this id at the same
      // time goes the same way, and meets the answers of the other at the first transfer of a look.
      const refuse = async (refusal: Posting): Promise<Posted> => {
        await store.addRefusal(db, bookId, refusal);
        const kept = await answered(bookId, id, fingerprint);
        invariant(kept !== undefined, 'a_posting_has_one_outcome');
        return { ...kept, repeated: false };
      };
      let refused: { text: string; posting: Posting } | undefined;
      for (let look = 1; ; look++) {
        const idOf = (index: number) => deterministicId('templates.transfer', id, String(look), String(index));
        const { transfers } = await plan(bookId, found, request.parameters, idOf);
        const text = textOf(transfers);
        // What was refused is refused for good when nothing has changed since, or when it was tried often enough.
        if (refused !== undefined && (refused.text === text || look > LOOKS)) {
          return refuse(refused.posting);
        }
        const posting = (outcomes: readonly Outcome[]) =>
          postingOf(
            { id, name: found.name, version: found.version, parameters: request.parameters, fingerprint, look },
            outcomes,
          );
        const outcomes = await ledger
          .postWith(book, transfers, (answers) => {
            if (answers.some(({ code }) => code !== 'accepted')) return {};
            const accepted = posting(answers);
            return { statements: [store.postingStatement(bookId, accepted)], events: [eventOf(accepted)] };
          })
          .catch((error: unknown) => {
            // Somebody else with the same id was quicker; nothing of this look was posted.
            if (isUniqueViolation(error)) return undefined;
            throw error;
          });
        const kept = await answered(bookId, id, fingerprint);
        if (kept !== undefined) {
          const own = outcomes?.every(({ code, repeated }) => code === 'accepted' && !repeated) === true;
          return { ...kept, repeated: !own };
        }
        invariant(outcomes !== undefined, 'a_taken_posting_id_has_an_outcome');
        const refusal = posting(outcomes);
        // An id of this look has the answer of somebody else, who was refused: the next look is free for both.
        if (refusal.code === 'id_reused') {
          if (look < 2 * LOOKS) continue;
          throw templateError('template_posting_contended', `Many ask with the id ${id} at once; ask again`, { id });
        }
        refused = { text, posting: refusal };
        // Only what is available changes by itself.
        if (refusal.code !== 'exceeds_available') return refuse(refusal);
      }
    },
    async posting(book, id) {
      const found = await store.findPosting(db, await ledger.bookId(book), canonicalUuid(id) ?? NO_ID);
      if (found === undefined) throw templateError('template_posting_not_found', `No posting ${id}`, { id });
      return found;
    },
  };
}

const NO_ID = '00000000-0000-0000-0000-000000000000';

export function readDefinition(json: unknown): Definition {
  const read = definitionSchema.safeParse(json);
  if (read.success) return read.data;
  const errors = read.error.issues.map(({ path, message }) => ({ path: path.join('.'), message }));
  const [first] = errors;
  throw templateError('template_definition_invalid', `${first?.path || 'definition'}: ${first?.message}`, { errors });
}

function checkedName(name: string): string {
  if (namePattern.test(name)) return name;
  throw templateError('template_name_invalid', `'${name.slice(0, 80)}' is no name: small letters, digits and _`);
}

/** As it comes back from the database. */
function plain(definition: Definition): unknown {
  return JSON.parse(JSON.stringify(definition));
}

/** SHA-256 over what the caller asked for. */
function fingerprintOf({ name, version, parameters }: PostingRequest): string {
  return hash('sha256', JSON.stringify([name, version ?? null, sorted(parameters)]), 'hex');
}

/** The order of members does not count. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.entries(value)
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([key, part]) => [key, sorted(part)]);
}

/** Transfers without their ids, to tell whether two looks saw the same. */
function textOf(transfers: Expansion['transfers']): string {
  return JSON.stringify(transfers.map(({ id: _, ...rest }) => ({ ...rest, amount: String(rest.amount) })));
}

function postingOf(
  asked: Pick<Posting, 'id' | 'name' | 'version' | 'parameters' | 'fingerprint'> & { look: number },
  outcomes: readonly Outcome[],
): Posting {
  const { look, ...rest } = asked;
  const [first] = outcomes;
  const last = outcomes.at(-1);
  invariant(first !== undefined && last !== undefined, 'a_posting_has_transfers');
  // The member that failed says why; the others only say that it did.
  const cause =
    outcomes.find(({ code }) => code === 'id_reused') ??
    outcomes.find(({ code }) => code !== 'accepted' && code !== 'chain_failed') ??
    outcomes.find(({ code }) => code !== 'accepted');
  return {
    ...rest,
    status: cause === undefined ? 'accepted' : 'refused',
    code: cause?.code ?? 'accepted',
    looks: look,
    transfers: outcomes.length,
    firstTransferId: first.id,
    lastTransferId: last.id,
    firstSequence: cause === undefined ? first.sequence : null,
    lastSequence: cause === undefined ? last.sequence : null,
    recordedAt: first.recordedAt,
  };
}

function eventOf(posting: Posting) {
  return {
    type: 'templates.posted',
    subject: posting.id,
    payload: {
      posting_id: posting.id,
      template: posting.name,
      version: posting.version,
      first_sequence: posting.firstSequence,
      last_sequence: posting.lastSequence,
    },
  };
}
