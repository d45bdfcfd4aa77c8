/** Commands under four eyes: asking, deciding, carrying out. */
import { isDeepStrictEqual } from 'node:util';
import type { Access } from '#kernel/access';
import type { Clock } from '#kernel/clock';
import { type Actor, asSystem, currentContext, type Visibility, withContext } from '#kernel/context';
import type { Database, Queryable, Transaction } from '#kernel/database';
import { instantText } from '#kernel/dates';
import { invariant } from '#kernel/errors';
import { newId } from '#kernel/ids';
import { approvalError } from './errors.ts';
import type { Answer, ApprovalRequest, Command } from './model.ts';
import { readRequest } from './store.ts';

/** Called in the transaction in which a request is made or decided: for notifications. */
export type ApprovalListener = (tx: Transaction, request: ApprovalRequest) => Promise<void>;

export interface Approvals {
  /**
   * Puts a command under four eyes. The returned function carries it out at once where no second person is needed, and
   * else leaves a request and answers 202.
   */
  define<Input>(command: Command<Input>): (tx: Transaction, input: Input, reason?: string) => Promise<Answer>;
  /**
   * Approves a request and carries it out in the same transaction, in the name of its maker.
   *
   * @throws `approval_not_found`, `approval_decided`, `approval_expired`, `approval_by_maker`, `approval_about_oneself`,
   *   `approval_by_machine`, `approval_outdated`, `permission_missing`, and whatever the command refuses; then the request keeps waiting
   */
  approve(checker: Actor, requestId: string, note: string): Promise<ApprovalRequest>;
  /** As {@link approve}, without carrying anything out. */
  refuse(checker: Actor, requestId: string, note: string): Promise<ApprovalRequest>;
  /** Takes back one's own request. @throws `approval_not_found`, `approval_not_yours`, `approval_decided` */
  withdraw(requestId: string): Promise<ApprovalRequest>;
  /** Ends the requests whose time has passed; returns how many. */
  expire(): Promise<number>;
  /** Hears of every request made and every decision. */
  listen(listener: ApprovalListener): void;
  /** Names of the commands that are under four eyes, with what a checker must hold. */
  commands(): readonly { readonly name: string; readonly permission: string }[];
}

const DEFAULT_HOURS = 72;
/** What a machine holds that may act alone, because the system behind it has its own second pair of eyes. */
const EXEMPT = 'approval:exempt';

export function createApprovals(options: { db: Database; clock: Clock; access: Access }): Approvals {
  const { db, clock, access } = options;
  const commands = new Map<string, Command<unknown>>();
  const listeners: ApprovalListener[] = [];
  access.declare(EXEMPT);

  async function needed<Input>(
    command: Command<Input>,
    tx: Transaction,
    input: Input,
    unitId: number,
  ): Promise<boolean> {
    const { actor, approvalId, visibility } = currentContext();
    // The house itself sees everything; nobody signed in is no one who may act alone.
    if (actor.kind === 'system' && visibility === 'all') return false;
    invariant(approvalId === null, 'an_approved_command_does_not_ask_again');
    if (actor.kind === 'token' && (await exempt(unitId))) return false;
    return command.needed === undefined || command.needed(tx, input);
  }

  async function exempt(unitId: number): Promise<boolean> {
    const { actor } = currentContext();
    return (await access.rightIn(actor, EXEMPT, unitId)) !== null;
  }

  async function ask<Input>(command: Command<Input>, tx: Transaction, input: Input, unitId: number, reason: string) {
    const { actor, onBehalfOf, visibility, permission } = currentContext();
    invariant(actor.kind !== 'system', 'the_house_asks_nobody');
    const { title, before, after } = await command.describe(tx, input);
    const requestId = newId(clock);
    const created = clock.now();
    const expires = created.add({ minutes: Math.round((command.hours ?? DEFAULT_HOURS) * 60) });
    await asSystem(() =>
      tx.query(
        `insert into kernel.approval_request (request_id, command, permission, unit_id, title, before, after, input,
           maker_kind, maker_id, maker_name, maker_for, maker_permission, maker_visibility, reason, created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)`,
        [
          requestId,
          command.name,
          command.permission,
          unitId,
          json(title),
          json(before),
          json(after),
          json(input),
          actor.kind,
          actor.id,
          actor.name,
          onBehalfOf?.id ?? null,
          permission,
          json(visibility),
          reason,
          instantText(created),
          instantText(expires),
        ],
      ),
    );
    const request = await asSystem(() => readRequest(tx, requestId));
    for (const listener of listeners) await asSystem(() => listener(tx, request));
    return { status: 202, body: { approval: { request_id: requestId, expires_at: request.expiresAt } } };
  }

  /** Locks a request that can be decided, and says in whose name this checker would do it. */
  async function open(tx: Transaction, checker: Actor, requestId: string) {
    const request = await readRequest(tx, requestId, { lock: true });
    if (request.state !== 'waiting') {
      throw approvalError('approval_decided', `The request is ${request.state}`, { state: request.state });
    }
    if (request.expiresAt <= instantText(clock.now())) {
      throw approvalError('approval_expired', `The request was open until ${request.expiresAt}`);
    }
    if (checker.kind !== 'staff') throw approvalError('approval_by_machine', 'A request is decided by a person');
    const makers = [request.makerId, ...(request.makerFor === null ? [] : [request.makerFor])];
    if (makers.includes(checker.id)) {
      throw approvalError('approval_by_maker', 'Somebody else must decide what you asked for');
    }
    const about = concerned(request);
    if (about.includes(checker.id)) {
      throw approvalError('approval_about_oneself', 'Somebody else must decide what is about you');
    }
    const right = await access.rightIn(checker, request.permission, request.unitId, [...makers, ...about]);
    if (right === null) {
      // With the maker's own right, lent by the maker, only one person would have decided.
      if ((await access.rightIn(checker, request.permission, request.unitId)) !== null) {
        throw approvalError('approval_by_maker', 'The right you would use was delegated by who asked');
      }
      throw approvalError('approval_not_found', 'There is no such approval request', { request_id: requestId });
    }
    return { request, checkerFor: right.onBehalfOf?.id ?? null };
  }

  function concerned({ command: name, input }: ApprovalRequest): readonly string[] {
    const command = commands.get(name);
    const parsed = command?.schema.safeParse(input);
    return parsed?.success === true ? (command?.about?.(parsed.data) ?? []) : [];
  }

  async function decide(
    tx: Transaction,
    request: ApprovalRequest,
    decision: { state: string; checker: Actor | null; checkerFor: string | null; note: string },
    answer: Answer | null,
  ): Promise<ApprovalRequest> {
    return asSystem(async () => {
      await tx.query(
        `update kernel.approval_request
            set state = $2, checker_id = $3, checker_name = $4, checker_for = $5, decided_at = $6, decision_note = $7,
                status = $8, outcome = $9
          where request_id = $1`,
        [
          request.requestId,
          decision.state,
          decision.checker?.id ?? null,
          decision.checker?.name ?? null,
          decision.checkerFor,
          instantText(clock.now()),
          decision.note,
          answer?.status ?? null,
          answer?.body === undefined ? null : json(answer.body),
        ],
      );
      const decided = await readRequest(tx, request.requestId);
      for (const listener of listeners) await listener(tx, decided);
      return decided;
    });
  }

  async function carryOut(tx: Transaction, request: ApprovalRequest): Promise<Answer> {
    const command = commands.get(request.command);
    if (command === undefined)
      throw approvalError('approval_outdated', `There is no command ${request.command} any more`);
    const parsed = command.schema.safeParse(request.input);
    if (!parsed.success) throw approvalError('approval_outdated', 'The command has changed since it was asked for');
    const maker = await makerOf(tx, request);
    return withContext(
      {
        ...currentContext(),
        actor: maker.actor,
        onBehalfOf: null,
        visibility: maker.visibility,
        permission: maker.permission,
        approvalId: request.requestId,
      },
      async () => {
        const now = await command.describe(tx, parsed.data);
        if (!isDeepStrictEqual(JSON.parse(json(now.before)), request.before)) {
          throw approvalError('approval_outdated', 'What the request would change has changed meanwhile; ask again', {
            before: now.before,
          });
        }
        return command.perform(tx, parsed.data);
      },
    );
  }

  /** What is carried out must still be the maker's to ask. */
  async function makerOf(tx: Queryable, request: ApprovalRequest) {
    const { rows } = await asSystem(() =>
      tx.query<{ permission: string; visibility: Visibility }>(
        `select maker_permission as permission, maker_visibility as visibility
           from kernel.approval_request where request_id = $1`,
        [request.requestId],
      ),
    );
    const [stored] = rows;
    invariant(stored !== undefined, 'a_locked_request_is_there');
    const actor = { kind: request.makerKind, id: request.makerId, name: request.makerName };
    if (actor.kind === 'token') return { actor, ...stored };
    const right = await access.rightOf(actor, stored.permission);
    if (right === null) {
      throw approvalError('approval_outdated', `${request.makerName} may not ask for this any more`);
    }
    return { actor, permission: stored.permission, visibility: right.visibility };
  }

  return {
    define(command) {
      invariant(!commands.has(command.name), `command_is_defined_once:${command.name}`);
      access.declare(command.permission);
      commands.set(command.name, command as Command<unknown>);
      return async (tx, input, reason = '') => {
        const unitId = await command.unitOf(tx, input);
        if (await needed(command, tx, input, unitId)) return ask(command, tx, input, unitId, reason);
        return command.perform(tx, input);
      };
    },
    approve: (checker, requestId, note) =>
      db.transaction(async (tx) => {
        const { request, checkerFor } = await open(tx, checker, requestId);
        const answer = await carryOut(tx, request);
        return decide(tx, request, { state: 'approved', checker, checkerFor, note }, answer);
      }),
    refuse: (checker, requestId, note) =>
      db.transaction(async (tx) => {
        const { request, checkerFor } = await open(tx, checker, requestId);
        return decide(tx, request, { state: 'refused', checker, checkerFor, note }, null);
      }),
    withdraw: (requestId) =>
      db.transaction(async (tx) => {
        const request = await asSystem(() => readRequest(tx, requestId, { lock: true }));
        if (request.makerId !== currentContext().actor.id) {
          throw approvalError('approval_not_found', 'There is no such approval request', { request_id: requestId });
        }
        if (request.state !== 'waiting') {
          throw approvalError('approval_decided', `The request is ${request.state}`, { state: request.state });
        }
        return decide(tx, request, { state: 'withdrawn', checker: null, checkerFor: null, note: '' }, null);
      }),
    expire: () =>
      db.transaction(async (tx) => {
        const { rows } = await tx.query<{ requestId: string }>(
          `select request_id as "requestId" from kernel.approval_request
            where state = 'waiting' and expires_at <= $1 for update skip locked`,
          [instantText(clock.now())],
        );
        for (const { requestId } of rows) {
          const request = await readRequest(tx, requestId);
          await decide(tx, request, { state: 'expired', checker: null, checkerFor: null, note: '' }, null);
        }
        return rows.length;
      }),
    listen: (listener) => void listeners.push(listener),
    commands: () => [...commands.values()].map(({ name, permission }) => ({ name, permission })),
  };
}

function json(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => (typeof part === 'bigint' ? part.toString() : part));
}
