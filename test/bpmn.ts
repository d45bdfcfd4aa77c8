/** Short BPMN documents for tests, measurements and soaks. */

/**
 * Sequence flows from chains such as `s>a>e`. A condition of the last flow of a chain stands behind `?`: `g>b ? x > 1`.
 * The flow from `a` to `b` has the id `a_b`.
 */
export function flows(...chains: readonly string[]): string {
  return chains.map(chain).join('');
}

function chain(text: string): string {
  const [path = '', condition] = text.split(' ? ');
  const ids = path.split('>').map((id) => id.trim());
  return ids
    .slice(1)
    .map((target, index) => {
      const source = ids[index] ?? '';
      const last = index === ids.length - 2 && condition !== undefined;
      const inside = last ? `<conditionExpression>${escaped(condition)}</conditionExpression>` : '';
      return `<sequenceFlow id="${source}_${target}" sourceRef="${source}" targetRef="${target}">${inside}</sequenceFlow>`;
    })
    .join('');
}

export function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}

/** A document with one process, or with several `<process>` elements when `body` holds them. */
export function bpmn(body: string, roots = '', id = 'p'): string {
  const process = body.includes('<process ') ? body : `<process id="${id}" isExecutable="true">${body}</process>`;
  return `<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:longmen="http://longmen.dev/schema/bpmn/1.0"
  xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" targetNamespace="test">${roots}${process}</definitions>`;
}
