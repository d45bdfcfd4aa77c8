import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  attributeNamespace,
  attributeOf,
  childElement,
  childElements,
  emptyScope,
  parseXml,
  scopeWithin,
  serializeXml,
  textOf,
  type XmlElement,
  type XmlNode,
} from './index.ts';

const again = (text: string) => serializeXml(parseXml(text));

test('a document is written as it was read', () => {
  for (const text of [
    '<?xml version="1.0"?>\n<!-- before -->\n<a/>\n<!-- after -->\n',
    '<a xmlns="u:1" xmlns:p="u:2" p:x="1" y="&lt;&amp;&quot;&#10;&#9;"> <p:b/>\n text <![CDATA[<raw>]]></a>\n',
    '<a><?target some data?><!-- c -->1 &gt; 0 &amp; 0 &lt; 1&#13;</a>\n',
  ]) {
    assert.equal(again(text), text);
  }
  assert.equal(again('\ufeff<a></a>'), '<a/>\n');
});

test('what is not well-formed is refused with the error of the caller', () => {
  for (const text of ['', 'text', '<a>', '<a></b>', '<a/><b/>', '<a b/>', '<p:a/>', '<!DOCTYPE a><a/>']) {
    assert.throws(() => parseXml(text), { code: 'xml_malformed' }, text);
    assert.throws(() => parseXml(text, (detail) => new RangeError(detail)), RangeError, text);
  }
  const deep = `${'<a>'.repeat(600)}${'</a>'.repeat(600)}`;
  assert.throws(() => parseXml(deep), /nest too deeply/);
});

test('elements, attributes and text are found', () => {
  const { root } = parseXml('<a xmlns="u:1" xmlns:o="u:2" x="1"><b>one<![CDATA[ two]]></b><o:b/><c/><b/></a>');
  assert.equal(attributeOf(root, 'x'), '1');
  assert.equal(attributeOf(root, 'z'), undefined);
  assert.deepEqual(
    childElements(root).map((child) => child.local),
    ['b', 'c', 'b'],
  );
  const first = childElement(root, 'b');
  assert.equal(first && textOf(first), 'one two');
  assert.equal(childElement(root, 'z'), undefined);
});

test('a prefix means what the nearest declaration says; attributes without one are in no namespace', () => {
  const outer = scopeWithin(emptyScope, [
    { name: 'xmlns', value: 'u:1' },
    { name: 'xmlns:p', value: 'u:2' },
  ]);
  const inner = scopeWithin(outer, [{ name: 'xmlns:p', value: 'u:3' }]);
  assert.equal(scopeWithin(inner, [{ name: 'x', value: '' }]), inner);
  assert.equal(attributeNamespace(inner, 'p:x'), 'u:3');
  assert.equal(attributeNamespace(outer, 'p:x'), 'u:2');
  assert.equal(attributeNamespace(outer, 'x'), null);
  assert.equal(attributeNamespace(outer, 'q:x'), null);
  assert.equal(attributeNamespace(emptyScope, 'xml:lang'), 'http://www.w3.org/XML/1998/namespace');
});

const name = fc.stringMatching(/^[a-z][a-z0-9]{0,5}$/);
// Characters XML can hold; a carriage return is written as a reference and so survives.
const characters = fc.stringMatching(/^[ -~\t\n\r龙门]{1,12}$/u);

const { element } = fc.letrec<{ element: XmlElement; node: XmlNode }>((tie) => ({
  element: fc.record({
    kind: fc.constant('element' as const),
    prefix: fc.constant(null),
    local: name,
    namespace: fc.constant(null),
    attributes: fc.uniqueArray(fc.record({ name, value: characters }), { selector: (one) => one.name, maxLength: 3 }),
    // Neighbouring texts would be read as one.
    children: fc.uniqueArray(tie('node'), { selector: (one) => one.kind, maxLength: 3 }),
    line: fc.constant(1),
  }),
  node: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.record({ kind: fc.constant('text' as const), text: characters }),
    fc.record({ kind: fc.constant('comment' as const), text: name }),
    tie('element'),
  ),
}));

const withoutLines = (node: XmlNode): unknown =>
  node.kind === 'element' ? { ...node, line: 0, children: node.children.map(withoutLines) } : node;

test('any tree is read as it was written', () => {
  fc.assert(
    fc.property(element, (root) => {
      const read = parseXml(serializeXml({ before: [], root, after: [] }));
      assert.deepEqual(withoutLines(read.root), JSON.parse(JSON.stringify(withoutLines(root))));
    }),
    { numRuns: 300 },
  );
});
