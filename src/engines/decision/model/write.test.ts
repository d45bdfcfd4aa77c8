import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parseXml, type XmlElement, type XmlNode } from '#kernel/xml';
import type { Definitions } from './model.ts';
import { readDmn } from './read.ts';
import { writeDmn } from './write.ts';

/** Trees without the source lines, attributes in a fixed order, neighbouring texts joined. */
function canonical(element: XmlElement): unknown {
  const children: unknown[] = [];
  for (const child of element.children) {
    const last = children.at(-1);
    if (child.kind === 'element') children.push(canonical(child));
    else if (child.kind === 'text' && typeof last === 'string') children[children.length - 1] = last + child.text;
    else children.push(child.kind === 'text' ? child.text : plain(child));
  }
  const attributes = element.attributes.map(({ name, value }) => `${name}=${value}`).sort();
  return { name: [element.prefix, element.local, element.namespace], attributes, children };
}

function plain(node: Exclude<XmlNode, XmlElement>): unknown {
  return { ...node };
}

const SMALL = `<?xml version="1.0" encoding="UTF-8"?>
<!-- made by hand -->
<dmn:definitions xmlns:dmn="https://www.omg.org/spec/DMN/20230324/MODEL/" xmlns:x="urn:other" id="d" name="n" namespace="urn:n" x:mark="1">
  <dmn:extensionElements><x:thing a="1&#10;2">text &amp; more</x:thing></dmn:extensionElements>
  <dmn:inputData id="i" name="Age"><dmn:variable name="Age" typeRef="number" x:extra="yes"/></dmn:inputData>
  <dmn:decision id="a" name="Adult">
    <dmn:variable name="Adult"/>
    <dmn:informationRequirement><dmn:requiredInput href="#i"/></dmn:informationRequirement>
    <dmn:authorityRequirement><dmn:requiredAuthority href="#k"/></dmn:authorityRequirement>
    <!-- the rule --><dmn:literalExpression id="e"><dmn:text><![CDATA[Age >= 18]]></dmn:text></dmn:literalExpression>
  </dmn:decision>
  <dmn:knowledgeSource id="k" name="Law"/>
</dmn:definitions>
`;

test('what is read and written unchanged is the same document', () => {
  assert.deepEqual(canonical(parseXml(writeDmn(readDmn(SMALL))).root), canonical(parseXml(SMALL).root));
});

test('a change in the model changes its text and nothing else', () => {
  const model = readDmn(SMALL);
  const elements = model.elements.map((element) =>
    element.kind === 'decision' && element.expression?.kind === 'literalExpression'
      ? { ...element, expression: { ...element.expression, text: 'Age >= 21' } }
      : element,
  );
  const written = writeDmn({ ...model, elements });
  assert.ok(written.includes('<dmn:text>Age &gt;= 21</dmn:text>'), written);
  assert.ok(written.includes('<!-- the rule -->') && written.includes('requiredAuthority'));
});

test('a model made by a program is written and read again', () => {
  const model: Definitions = {
    version: '1.5',
    namespace: 'urn:made',
    name: 'Made',
    id: 'made',
    imports: [],
    itemDefinitions: [{ name: 'tAge', isCollection: false, typeRef: 'number', components: [] }],
    elements: [
      {
        kind: 'decision',
        id: 'd',
        name: 'Sum',
        requirements: [],
        expression: { kind: 'list', items: [{ kind: 'literalExpression', text: '1 + 1' }] },
      },
    ],
  };
  const again = readDmn(writeDmn(model));
  assert.equal(again.itemDefinitions[0]?.typeRef, 'number');
  const [decision] = again.elements;
  assert.ok(decision?.kind === 'decision' && decision.expression?.kind === 'list');
  assert.equal(decision.expression.items[0]?.kind, 'literalExpression');
});

test('another version has other namespaces, and refuses what it has no element for', () => {
  const older = readDmn(writeDmn(readDmn(SMALL), { version: '1.3' }));
  assert.equal(older.version, '1.3');
  const conditional = SMALL.replace(
    /<dmn:literalExpression id="e">.*<\/dmn:literalExpression>/s,
    '<dmn:conditional><dmn:if><dmn:literalExpression><dmn:text>true</dmn:text></dmn:literalExpression></dmn:if></dmn:conditional>',
  );
  assert.throws(() => writeDmn(readDmn(conditional), { version: '1.3' }), { code: 'decision_model_invalid' });
  assert.equal(readDmn(writeDmn(readDmn(conditional), { version: '1.4' })).version, '1.4');
});

test('what is not DMN, not XML or could expand without bound is refused', () => {
  assert.throws(() => readDmn('<a/>'), { code: 'decision_not_dmn' });
  assert.throws(() => readDmn('<a>'), { code: 'decision_xml_malformed' });
  assert.throws(() => readDmn('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'), { code: 'decision_xml_malformed' });
});

const folder = `${process.env.LONGMEN_SHARED ?? '../shared'}/conformance/dmn-tck/TestCases`;
test('every model of the conformance kit survives reading and writing', { skip: !existsSync(folder) }, () => {
  const files = globSync(`${folder}/*/*/*.dmn`);
  assert.ok(files.length > 100);
  for (const file of files) {
    const text = readFileSync(file, 'utf8');
    assert.deepEqual(canonical(parseXml(writeDmn(readDmn(text))).root), canonical(parseXml(text).root), file);
  }
});
