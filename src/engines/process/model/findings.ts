/** Collects what is wrong with a process; every code with its sentence in both languages stands here. */
import { type AnyElement, idOf, nameOf } from './model.ts';
import type { ProcessProblem, Severity } from './problems.ts';

interface Kind {
  readonly severity: Severity;
  readonly en: string;
  readonly zh: string;
}

const kinds = {
  process_element_not_executable: { severity: 'error', en: 'cannot be executed', zh: '无法执行' },
  process_not_in_document: {
    severity: 'error',
    en: 'There is no such process in the document',
    zh: '文件中没有该流程',
  },
  process_not_marked_executable: {
    severity: 'warning',
    en: 'The process says of itself that it is not executable',
    zh: '流程标记为不可执行',
  },
  process_id_missing: { severity: 'error', en: 'An element that is executed needs an id', zh: '可执行元素缺少标识' },
  process_reference_unresolved: {
    severity: 'error',
    en: 'A reference names an element that does not exist',
    zh: '引用的元素不存在',
  },
  process_id_repeated: { severity: 'error', en: 'The id is given more than once', zh: '标识重复' },
  process_expression_syntax: { severity: 'warning', en: 'The expression cannot be read', zh: '表达式无法解析' },
  process_flow_dangling: {
    severity: 'error',
    en: 'A sequence flow has no source or no target',
    zh: '顺序流缺少起点或终点',
  },
  process_flow_crosses_scope: {
    severity: 'error',
    en: 'A sequence flow leaves its sub-process',
    zh: '顺序流越过了子流程的边界',
  },
  process_flow_misplaced: {
    severity: 'error',
    en: 'An element of this kind has no such sequence flow',
    zh: '该类元素不得有此方向的顺序流',
  },
  process_default_misplaced: {
    severity: 'error',
    en: 'The default flow is not an outgoing flow of the element',
    zh: '默认流不是该元素的流出顺序流',
  },
  process_condition_misplaced: {
    severity: 'error',
    en: 'A flow out of this kind of element has no condition',
    zh: '该类元素的流出顺序流不得有条件',
  },
  process_gateway_condition_missing: {
    severity: 'error',
    en: 'The gateway has an outgoing flow with neither condition nor default',
    zh: '网关的流出顺序流既无条件也不是默认流',
  },
  process_gateway_default_missing: {
    severity: 'warning',
    en: 'The gateway has no default flow: when no condition holds, an incident arises',
    zh: '网关没有默认流，条件均不成立时将产生异常事件',
  },
  process_event_gateway_target: {
    severity: 'error',
    en: 'An event-based gateway leads to at least two catching events or receive tasks that nothing else leads to',
    zh: '事件网关须指向至少两个仅由其进入的捕获事件或接收任务',
  },
  process_start_missing: { severity: 'error', en: 'There is nothing to start with', zh: '没有可以开始的元素' },
  process_start_multiple: {
    severity: 'error',
    en: 'There is more than one none start event',
    zh: '空开始事件多于一个',
  },
  process_node_unreachable: { severity: 'error', en: 'No path leads to the element', zh: '没有路径可以到达该元素' },
  process_event_misplaced: { severity: 'error', en: 'No such event at this place', zh: '此处不允许该类事件' },
  process_boundary_misplaced: {
    severity: 'error',
    en: 'A boundary event is attached to an activity of the same scope',
    zh: '边界事件须附着于同一范围内的活动',
  },
  process_event_sub_process_start: {
    severity: 'error',
    en: 'An event sub-process has exactly one start event, and that has a trigger',
    zh: '事件子流程须有且仅有一个带触发器的开始事件',
  },
  process_link_unmatched: {
    severity: 'error',
    en: 'A link event has its one counterpart in the same scope',
    zh: '链接事件在同一范围内须有唯一的对应事件',
  },
  process_compensation_handler_missing: {
    severity: 'error',
    en: 'A compensation event is associated with one activity that is for compensation',
    zh: '补偿事件须关联一个补偿活动',
  },
  process_compensation_handler_unused: {
    severity: 'error',
    en: 'An activity for compensation belongs to a compensation event and has no flows',
    zh: '补偿活动须由补偿事件关联，且不得有顺序流',
  },
} as const satisfies Record<string, Kind>;

export type FindingCode = keyof typeof kinds;

export class Findings {
  readonly problems: ProcessProblem[] = [];

  /** Reports on an element; `detail` says what exactly, in both languages. */
  add(code: FindingCode, element: AnyElement, detail?: { readonly en: string; readonly zh: string }): void {
    const { severity, en, zh } = kinds[code];
    const label = labelOf(element);
    this.problems.push({
      code,
      severity,
      en: `${label}: ${detail === undefined ? en : `${en}: ${detail.en}`}`,
      zh: `${label}：${detail === undefined ? zh : `${zh}：${detail.zh}`}`,
      element: idOf(element),
      name: nameOf(element),
      kind: element.tag,
      line: element.line,
    });
  }

  get failed(): boolean {
    return this.problems.some(({ severity }) => severity === 'error');
  }
}

function labelOf(element: AnyElement): string {
  const name = nameOf(element)?.replace(/\s+/g, ' ');
  const id = idOf(element) ?? `line ${element.line}`;
  return name === undefined ? `${element.tag} ${id}` : `${element.tag} ${id} "${name}"`;
}
