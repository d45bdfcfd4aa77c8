import type { z } from 'zod';
import type { Transaction } from '#kernel/database';

/** What a piece of work answers, as the HTTP door has it. */
export interface Answer {
  readonly status: number;
  readonly body?: unknown;
}

/** A text in both languages of the house. */
export interface Text2 {
  readonly zh: string;
  readonly en: string;
}

/** What a checker reads: the state before and after, as flat or nested JSON; equal members are not shown. */
export interface Difference {
  readonly title: Text2;
  readonly before: Readonly<Record<string, unknown>>;
  readonly after: Readonly<Record<string, unknown>>;
}

/** A command under four eyes. */
export interface Command<Input> {
  /** `resource:action`, such as `general_ledger.period:close`; stable, since waiting requests name it. */
  readonly name: string;
  /** What the checker must hold in the unit. */
  readonly permission: string;
  readonly schema: z.ZodType<Input>;
  /** Hours a request may wait; default 72. */
  readonly hours?: number;
  /** Whether this input needs a second person; default always. */
  needed?(tx: Transaction, input: Input): Promise<boolean>;
  /** The unit whose checkers decide. */
  unitOf(tx: Transaction, input: Input): Promise<number>;
  /** The people it is about, who therefore do not decide; default nobody. */
  about?(input: Input): readonly string[];
  /** Throws what would be refused anyway, so that nobody approves the impossible. */
  describe(tx: Transaction, input: Input): Promise<Difference>;
  /** Carries it out; called in the transaction of the approval, with `context.approvalId` set. */
  perform(tx: Transaction, input: Input): Promise<Answer>;
}

export type RequestState = 'waiting' | 'approved' | 'refused' | 'withdrawn' | 'expired';

/** A request as it stands. Instants are RFC 3339 in UTC. */
export interface ApprovalRequest {
  readonly requestId: string;
  readonly command: string;
  readonly permission: string;
  readonly unitId: number;
  readonly title: Text2;
  readonly before: Readonly<Record<string, unknown>>;
  readonly after: Readonly<Record<string, unknown>>;
  readonly input: unknown;
  readonly makerKind: 'staff' | 'token';
  readonly makerId: string;
  readonly makerName: string;
  readonly makerFor: string | null;
  readonly reason: string;
  readonly state: RequestState;
  readonly createdAt: string;
  readonly expiresAt: string;
  readonly checkerId: string | null;
  readonly checkerName: string | null;
  readonly checkerFor: string | null;
  readonly decidedAt: string | null;
  readonly decisionNote: string | null;
  readonly status: number | null;
  readonly outcome: unknown;
}
