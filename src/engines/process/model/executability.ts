/** Which elements of a document the engine executes, and why it does not execute the others. */
import { foreignLanguage, isFeel } from './expressions.ts';
import { extensionOf } from './extension.ts';
import type { Extension } from './graph.ts';
import { functionOf, messageOf } from './messages.ts';
import { isKindOf, type TypeName } from './meta.ts';
import {
  type AnyElement,
  attributeOf,
  type BpmnDocument,
  type BpmnElement,
  childOf,
  childrenOf,
  idOf,
  isA,
  nameOf,
  referencesOf,
  targetOf,
  textIn,
  walk,
} from './model.ts';
import { bindingIn } from './nodes.ts';

export interface Reason {
  readonly en: string;
  readonly zh: string;
}

export interface ElementExecutability {
  readonly element: string | undefined;
  readonly name: string | undefined;
  /** Name of the XML element, for example `userTask`. */
  readonly kind: string;
  /** Id of the process it is in; undefined outside of processes. */
  readonly process: string | undefined;
  readonly executable: boolean;
  readonly reason?: Reason | undefined;
  readonly line: number;
}

/** Types that the list speaks of; lanes, artifacts, groups and diagrams are drawn, not executed. */
const listed: readonly TypeName[] = [
  'Process',
  'FlowElement',
  'EventDefinition',
  'LoopCharacteristics',
  'ChoreographyActivity',
  'Choreography',
  'ConversationNode',
  'GlobalTask',
];

/** Every element that could be executed, in document order, with whether it is and the reason if not. */
export function executability(document: BpmnDocument): ElementExecutability[] {
  const rows: ElementExecutability[] = [];
  for (const element of walk(document.definitions)) {
    if (!isListed(element)) continue;
    const reason = notExecutable(element);
    rows.push({
      element: idOf(element),
      name: nameOf(element),
      kind: element.tag,
      process: processOf(element),
      executable: reason === null,
      reason: reason ?? undefined,
      line: element.line,
    });
  }
  return rows;
}

/** Whether an element is one that is executed or not, rather than a part of one or a drawing. */
export function isListed(element: AnyElement): boolean {
  return listed.some((type) => isKindOf(element.type, type));
}

function processOf(element: AnyElement): string | undefined {
  if (isA(element, 'Process')) return idOf(element);
  return element.parent === null ? undefined : processOf(element.parent);
}

const describes: Reason = {
  en: 'conversations and choreographies describe what participants do; they are not executed',
  zh: '会话与编排仅作描述，不执行',
};

/** Why an element is not executed; null when it is. */
export function notExecutable(element: AnyElement): Reason | null {
  const language = languageReason(element);
  if (language !== null) return language;
  if (isA(element, 'Choreography') || isA(element, 'ChoreographyActivity') || isA(element, 'ConversationNode')) {
    return describes;
  }
  if (isA(element, 'GlobalTask'))
    return reason('global tasks are not executed; call a process', '不支持全局任务，请调用流程');
  if (isA(element, 'ComplexGateway')) return reason('complex gateways are not executed', '不支持复杂网关');
  if (isA(element, 'ImplicitThrowEvent')) return reason('implicit throw events are not executed', '不支持隐式抛出事件');
  if (isA(element, 'Event')) return eventReason(element);
  if (isA(element, 'EventDefinition')) return definitionReason(element);
  if (isA(element, 'LoopCharacteristics')) return loopReason(element);
  if (isA(element, 'Activity')) return quantityReason(element) ?? activityReason(element);
  if (isA(element, 'DataStoreReference')) return dataStoreReason(element);
  return null;
}

/** Expressions in the element itself, not in elements that are listed on their own. */
function languageReason(element: AnyElement): Reason | null {
  for (const item of element.content) {
    if (item.kind !== 'element' || isListed(item.element)) continue;
    if (isA(item.element, 'Expression')) {
      const language = foreignLanguage(item.element);
      if (language !== null)
        return reason(`expressions in ${language}`, `表达式语言为 ${language}`, 'only FEEL', '仅支持 FEEL');
    } else {
      const inner = languageReason(item.element);
      if (inner !== null) return inner;
    }
  }
  return null;
}

function eventReason(element: AnyElement): Reason | null {
  const own = element.content.filter((item) => item.kind === 'element' && item.slot === 'eventDefinition').length;
  const referenced = referencesOf(element, 'eventDefinitionRef').length;
  return own + referenced > 1 ? reason('events with several event definitions', '事件含多个事件定义') : null;
}

function definitionReason(element: AnyElement): Reason | null {
  const throws = element.parent !== null && isA(element.parent, 'ThrowEvent');
  if (isA(element, 'MessageEventDefinition')) {
    return messageOf(element) === undefined ? reason('it names no message', '未指定消息') : null;
  }
  if (isA(element, 'SignalEventDefinition')) {
    return targetOf(element, 'signalRef') === undefined ? reason('it names no signal', '未指定信号') : null;
  }
  if (isA(element, 'TimerEventDefinition')) {
    const given = [childOf(element, 'timeDate'), childOf(element, 'timeDuration'), childOf(element, 'timeCycle')];
    const written = given.filter((expression) => expression !== undefined && textIn(expression).trim() !== '');
    return written.length === 1 ? null : reason('it needs one date, duration or cycle', '须指定唯一的日期、时长或周期');
  }
  if (isA(element, 'ConditionalEventDefinition')) {
    const condition = childOf(element, 'condition');
    const empty = condition === undefined || textIn(condition).trim() === '';
    if (empty) return reason('it has no condition', '缺少条件');
    const event = element.parent;
    const startsProcess =
      event !== null && isA(event, 'StartEvent') && event.parent !== null && isA(event.parent, 'Process');
    return startsProcess
      ? reason(
          'a process has no variables before it starts, so no condition starts it',
          '流程启动前没有变量，不能由条件启动',
        )
      : null;
  }
  if (isA(element, 'ErrorEventDefinition') && throws) {
    const error = targetOf(element, 'errorRef');
    const coded = error !== undefined && attributeOf(error, 'errorCode');
    return coded ? null : reason('a thrown error needs an error code', '抛出的错误须有错误代码');
  }
  if (isA(element, 'EscalationEventDefinition') && throws) {
    const escalation = targetOf(element, 'escalationRef');
    const coded = escalation !== undefined && attributeOf(escalation, 'escalationCode');
    return coded ? null : reason('a thrown escalation needs an escalation code', '抛出的升级须有升级代码');
  }
  if (isA(element, 'LinkEventDefinition')) {
    return attributeOf(element, 'name') ? null : reason('it has no name', '缺少名称');
  }
  return null;
}

function loopReason(element: AnyElement): Reason | null {
  if (isA(element, 'StandardLoopCharacteristics')) {
    const bounded =
      childOf(element, 'loopCondition') !== undefined || attributeOf(element, 'loopMaximum') !== undefined;
    return bounded ? null : reason('it has neither condition nor maximum, and would never end', '循环既无条件也无上限');
  }
  if (!isA(element, 'MultiInstanceLoopCharacteristics')) return null;
  if (attributeOf(element, 'behavior') !== 'All') {
    return reason('events thrown by single instances (behavior other than All)', '不支持 behavior 不为 All');
  }
  const values = [extensionOf(element), ...(element.parent === null ? [] : [extensionOf(element.parent)])];
  const over =
    childOf(element, 'loopCardinality') !== undefined ||
    referencesOf(element, 'loopDataInputRef').length > 0 ||
    values.some((extension) => extension.has('collection'));
  return over ? null : reason('it has neither collection nor cardinality', '未指定集合或次数');
}

function quantityReason(element: BpmnElement<'Activity'>): Reason | null {
  const one = attributeOf(element, 'startQuantity') === 1n && attributeOf(element, 'completionQuantity') === 1n;
  return one ? null : reason('quantities of tokens other than one', '不支持数量不为一的令牌');
}

function transactionReason(element: BpmnElement<'Transaction'>): Reason | null {
  const compensates = /^(##)?compensate$/i.test(attributeOf(element, 'method') ?? '');
  return compensates ? null : reason('transaction methods other than compensation', '不支持补偿以外的事务方法');
}

function activityReason(element: AnyElement): Reason | null {
  if (isA(element, 'AdHocSubProcess')) return reason('ad-hoc sub-processes are not executed', '不支持临时子流程');
  if (isA(element, 'Transaction')) return transactionReason(element);
  if (isA(element, 'ServiceTask')) {
    return functionOf(element) === null ? reason('it names no function to call', '未指定要调用的函数') : null;
  }
  if (isA(element, 'SendTask') || isA(element, 'ReceiveTask')) {
    return messageOf(element) === undefined ? reason('it names no message', '未指定消息') : null;
  }
  if (isA(element, 'BusinessRuleTask')) {
    return decisionReason(extensionOf(element));
  }
  if (isA(element, 'ScriptTask')) return scriptReason(element);
  if (isA(element, 'CallActivity')) {
    const called = element.attributes.get('calledElement');
    if (called === undefined) return reason('it names no process to call', '未指定被调用的流程');
    const target = typeof called === 'object' ? called.target : null;
    const global = target !== null && isA(target, 'GlobalTask');
    return global ? reason('global tasks are not executed; call a process', '不支持全局任务，请调用流程') : null;
  }
  return null;
}

function decisionReason(extension: Extension): Reason | null {
  if (!extension.has('decisionRef')) return reason('it names no decision (longmen:decisionRef)', '未指定决策');
  const binding = bindingIn(extension.get('decisionVersion'));
  if (binding === null) {
    return reason(
      'longmen:decisionVersion is latest, deployment or a number',
      '决策版本须为 latest、deployment 或版本号',
    );
  }
  if (typeof binding !== 'number' || extension.has('decisionModel')) return null;
  return reason('a version of a decision needs its model (longmen:decisionModel)', '指定决策版本须同时指定决策模型');
}

function scriptReason(element: AnyElement): Reason | null {
  if (!isA(element, 'ScriptTask')) return null;
  const format = attributeOf(element, 'scriptFormat');
  if (format !== undefined && format !== '' && !isFeel(format)) {
    return reason(`scripts in ${format}`, `脚本语言为 ${format}`, 'only FEEL', '仅支持 FEEL');
  }
  const script = childOf(element, 'script');
  return script === undefined || textIn(script).trim() === '' ? reason('it has no script', '缺少脚本') : null;
}

/** A data store is a drawing until something reads or writes it: the engine does not know what is behind it. */
function dataStoreReason(element: AnyElement): Reason | null {
  let root = element;
  while (root.parent !== null) root = root.parent;
  for (const candidate of walk(root)) {
    if (!isA(candidate, 'DataAssociation') || childrenOf(candidate, 'assignment').length > 0) continue;
    const ends = [...referencesOf(candidate, 'sourceRef'), ...referencesOf(candidate, 'targetRef')];
    if (ends.some(({ target }) => target === element)) {
      return reason('a data store is read or written by a service task', '数据存储须由服务任务读写');
    }
  }
  return null;
}

function reason(en: string, zh: string, alsoEn?: string, alsoZh?: string): Reason {
  return alsoEn === undefined ? { en, zh } : { en: `${en}; ${alsoEn}`, zh: `${zh}；${alsoZh}` };
}
