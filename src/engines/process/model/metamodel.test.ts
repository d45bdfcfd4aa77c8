/** The reader, the writer and the canonical form over every type, attribute and element of the metamodel. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canonical } from './canonical.ts';
import { elementName, isTypeName, metaOf, namespaces, type SlotMeta, type TypeName } from './meta.ts';
import { metamodel } from './metamodel.ts';
import { walk } from './model.ts';
import { readBpmn } from './read.ts';
import { writeBpmn } from './write.ts';

const allTypes = Object.keys(metamodel).filter(isTypeName);
const concrete = allTypes.filter((type) => !metaOf(type).abstract);

/** A concrete type that can stand in a slot, preferring one not used yet. */
function fillers(slot: SlotMeta): TypeName[] {
  const kinds = concrete.filter((type) => metaOf(type).ancestors.has(slot.type));
  return slot.group
    ? kinds
    : kinds
        .filter((type) => type === slot.type)
        .concat(kinds)
        .slice(0, 1);
}

const prefixes: Readonly<Record<string, string>> = {
  [namespaces.bpmn]: 'bpmn',
  [namespaces.bpmndi]: 'bpmndi',
  [namespaces.di]: 'di',
  [namespaces.dc]: 'dc',
};

class Generator {
  readonly seen = new Set<TypeName>();
  private serial = 0;
  /** Id of one element of each type, so that references have something to point to. */
  readonly ids = new Map<TypeName, string>();

  element(type: TypeName, tag: string, declared: TypeName, depth: number): string {
    this.seen.add(type);
    const { attributes, slots, content } = metaOf(type);
    const written = [...attributes.values()].map(({ name, kind, target, values }) => {
      if (kind === 'id') {
        this.serial += 1;
        const id = `${type}_${this.serial}`;
        if (!this.ids.has(type)) this.ids.set(type, id);
        return `${name}="${id}"`;
      }
      if (kind === 'reference') return `${name}="@${target}@"`;
      const samples = {
        string: 'text',
        boolean: 'true',
        integer: '7',
        double: '1.5',
        QName: 'other:thing',
        enumeration: values[0],
      };
      return `${name}="${samples[kind]}"`;
    });
    const kindOf = type === declared ? '' : ` xsi:type="bpmn:t${type}"`;
    const inner =
      content === 'any'
        ? '<other:thing other:at="1"> kept </other:thing>'
        : content === 'mixed'
          ? ' some <![CDATA[<text>]]> '
          : slots.map((slot) => this.slot(slot, depth)).join('');
    return `<${tag} ${written.join(' ')}${kindOf}>${inner}</${tag}>`;
  }

  private slot(slot: SlotMeta, depth: number): string {
    const tag = `${prefixes[slot.namespace]}:${slot.local}`;
    if (slot.reference) return `<${tag}>@${slot.type}@</${tag}>`;
    const kinds = fillers(slot);
    const fresh = kinds.filter((type) => !this.seen.has(type));
    return (slot.many ? kinds : (fresh.length > 0 ? fresh : kinds).slice(0, 1))
      .filter((type) => depth < 2 || !this.seen.has(type))
      .map((type) => {
        const { namespace } = metaOf(type);
        const own = slot.group ? `${prefixes[namespace]}:${elementName(type)}` : tag;
        return this.element(type, own, slot.group ? type : slot.type, depth + 1);
      })
      .join('');
  }

  /** Every reference marker replaced by the id of an element of that type. */
  resolve(text: string): string {
    return text.replace(/@(\w+)@/g, (_all, name: string) => {
      const type = [...this.ids.keys()].find((candidate) => metaOf(candidate).ancestors.has(name));
      return (type === undefined ? undefined : this.ids.get(type)) ?? 'other:nowhere';
    });
  }
}

function everything(): { readonly text: string; readonly seen: ReadonlySet<TypeName> } {
  const generator = new Generator();
  const body = generator.element('Definitions', 'bpmn:definitions', 'Definitions', 0);
  const declarations = [...Object.entries(prefixes), [namespaces.xsi, 'xsi'], ['urn:other', 'other']]
    .map(([uri, prefix]) => `xmlns:${prefix}="${uri}"`)
    .join(' ');
  return {
    text: generator.resolve(body.replace('<bpmn:definitions', `<bpmn:definitions ${declarations}`)),
    seen: generator.seen,
  };
}

test('every type, attribute and element is read without a warning and written without loss', () => {
  const { text, seen } = everything();
  assert.deepEqual(
    concrete.filter((type) => !seen.has(type)),
    [],
  );
  const document = readBpmn(text);
  assert.deepEqual(document.warnings, []);
  const written = writeBpmn(document);
  assert.equal(canonical(written), canonical(text));
  assert.equal(writeBpmn(readBpmn(written)), written);
  const types = new Set([...walk(document.definitions)].map(({ type }) => type));
  assert.deepEqual([...types].sort(), [...seen].sort());
});

test('an element dropped anywhere changes the canonical form', () => {
  const text = everything().text;
  const whole = canonical(text);
  const leaves = [...text.matchAll(/<(bpmn|bpmndi|di|dc):(\w+)( [^<>]*)?>[^<>]*<\/\1:\2>/g)];
  assert.ok(leaves.length > 100);
  for (const leaf of leaves.filter((_leaf, index) => index % 29 === 0)) {
    const without = text.slice(0, leaf.index) + text.slice(leaf.index + leaf[0].length);
    assert.notEqual(canonical(without), whole, leaf[0]);
  }
});
