/** Plays moves on the pure core by names of nodes, as a person at a board would; for the table of element semantics. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readProcesses } from '#engines/process';
import { invariant } from '#kernel/errors';
import { bpmn } from '#test/bpmn';
import type { Effect } from '../src/engines/process/core/effects.ts';
import { emptyState, type State, type Token } from '../src/engines/process/core/state.ts';
import { type Stimulus, step } from '../src/engines/process/core/step.ts';
import { type Json, toPlainMembers, type Variables } from '../src/engines/process/core/values.ts';
import type { ProcessDefinition } from '../src/engines/process/model/graph.ts';

/** `start`, or `verb node`, with data of the move. */
export type Move = string | readonly [string, Variables];

export class Player {
  state: State = emptyState();
  status = 'running';
  now_ms = 0;
  /** Nodes in the order their visits ended; cancelled ones with `!`, those an error ended with `?`. */
  readonly trace: string[] = [];
  readonly effects: Effect[] = [];
  private readonly definition: ProcessDefinition;

  constructor(definition: ProcessDefinition) {
    this.definition = definition;
  }

  play(move: Move): void {
    const [text, data] = typeof move === 'string' ? [move, {}] : move;
    const [verb = '', node = ''] = text.split(' ');
    const outcome = step(this.definition, this.state, this.stimulus(verb, node, data), {
      now_ms: this.now_ms,
      timeZone: 'UTC',
      called: verb === 'called',
      decide: () => 'decided',
    });
    invariant(outcome.accepted, `move_is_possible:${text}`);
    this.state = JSON.parse(JSON.stringify(outcome.state)) as State;
    for (const effect of outcome.effects) this.take(effect);
  }

  private stimulus(verb: string, node: string, data: Variables): Stimulus {
    switch (verb) {
      case 'start':
        return { kind: 'start', trigger: node === '' ? null : node, variables: data, payload: data };
      case 'do':
        return { kind: 'complete', token: this.at(node).id, result: data };
      case 'error':
        return { kind: 'error', token: this.at(node).id, code: String(data.code), message: '', payload: {} };
      case 'escalate':
        return { kind: 'escalation', token: this.at(node).id, code: String(data.code), payload: {} };
      case 'fail':
        return { kind: 'fail', token: this.at(node).id, code: 'failed', detail: '' };
      case 'fire':
        return { kind: 'trigger', wait: this.waitAt(node), payload: data };
      case 'set':
        return { kind: 'variables', scope: null, values: data };
      case 'retry':
        return { kind: 'retry', token: this.at(node).id, variables: data };
      case 'resolve':
        return { kind: 'resolve', token: this.at(node).id, result: data };
      case 'move':
        return { kind: 'modify', modification: { cancel: [this.at(node).id], start: [{ node: String(data.to) }] } };
      default:
        return { kind: 'cancel' };
    }
  }

  private at(node: string): Token {
    const found = this.state.tokens.find((token) => token.node === node && token.waitsFor !== 'scope' && !token.helper);
    const any = found ?? this.state.tokens.find((token) => token.node === node && !token.helper);
    invariant(any !== undefined, `a_token_is_at:${node}`);
    return any;
  }

  private waitAt(node: string): number {
    const wait = this.state.waits.find((one) => one.node === node);
    invariant(wait !== undefined, `a_wait_is_open_at:${node}`);
    return wait.id;
  }

  private take(effect: Effect): void {
    this.effects.push(effect);
    if (effect.kind === 'history') {
      const mark = { completed: '', cancelled: '!', error: '?' }[effect.row.outcome];
      this.trace.push(`${effect.row.node}${mark}`);
    } else if (effect.kind === 'ended') {
      this.status = effect.status;
    } else if (effect.kind === 'send' || effect.kind === 'broadcast') {
      this.trace.push(`${effect.name}>`);
    }
  }

  /** Nodes that wait, with `*` for an incident, in the order of their tokens. */
  open(): string[] {
    return this.state.tokens
      .filter((token) => !token.helper && token.waitsFor !== 'scope')
      .map((token) => `${token.node}${token.incident === null ? '' : '*'}`);
  }

  variables(): Record<string, unknown> {
    const root = this.state.scopes.find((scope) => scope.parent === null);
    return toPlainMembers((root?.variables ?? {}) as { [name: string]: Json });
  }
}

/** One line of the table of element semantics. */
export interface Case {
  readonly name: string;
  readonly body: string;
  readonly roots?: string;
  /** Default: start. */
  readonly play?: readonly Move[];
  readonly visits: string;
  readonly variables?: object;
  /** Where it waits in the end; without it the instance has ended. */
  readonly open?: readonly string[];
  readonly status?: string;
}

/** Makes a test of each case. */
export function playCases(cases: readonly Case[]): void {
  for (const { name, body, roots = '', play, visits, variables, open, status = 'completed' } of cases) {
    test(name, () => {
      const { processes, problems } = readProcesses(bpmn(body, roots));
      const [definition] = processes;
      assert.ok(definition, problems.map((problem) => `${problem.element}: ${problem.en}`).join('; '));
      const player = new Player(definition);
      for (const move of play ?? ['start']) player.play(move);
      assert.equal(player.trace.join(' '), visits);
      assert.deepEqual(player.open(), open ?? []);
      assert.equal(player.status, open === undefined ? status : 'running');
      if (variables !== undefined) assert.deepEqual(player.variables(), variables);
    });
  }
}
