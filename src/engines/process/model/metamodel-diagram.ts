/** Diagram interchange of BPMN 2.0.2 (BPMNDI.xsd, DI.xsd, DC.xsd); notation as in `metamodel.ts`. */
import type { TypeSpec } from './metamodel-spec.ts';

const coordinates = { x: 'double', y: 'double' } as const;

export const diagramTypes = {
  /** What all types have in common: nothing. */
  Element: { abstract: true },
  BPMNDiagram: {
    is: 'Diagram',
    namespace: 'bpmndi',
    elements: { 'bpmndi:BPMNPlane': 'BPMNPlane', 'bpmndi:BPMNLabelStyle': 'BPMNLabelStyle*' },
  },
  BPMNPlane: { is: 'Plane', namespace: 'bpmndi', attributes: { bpmnElement: '&BaseElement' } },
  BPMNShape: {
    is: 'Shape',
    namespace: 'bpmndi',
    attributes: {
      bpmnElement: '&BaseElement',
      isHorizontal: 'boolean',
      isExpanded: 'boolean',
      isMarkerVisible: 'boolean',
      isMessageVisible: 'boolean',
      participantBandKind:
        'top_initiating|middle_initiating|bottom_initiating|top_non_initiating|middle_non_initiating|bottom_non_initiating',
      choreographyActivityShape: '&BPMNShape',
    },
    elements: { 'bpmndi:BPMNLabel': 'BPMNLabel?' },
  },
  BPMNEdge: {
    is: 'Edge',
    namespace: 'bpmndi',
    attributes: {
      bpmnElement: '&BaseElement',
      sourceElement: '&Element',
      targetElement: '&Element',
      messageVisibleKind: 'initiating|non_initiating',
    },
    elements: { 'bpmndi:BPMNLabel': 'BPMNLabel?' },
  },
  BPMNLabel: { is: 'Label', namespace: 'bpmndi', attributes: { labelStyle: '&BPMNLabelStyle' } },
  BPMNLabelStyle: { is: 'Style', namespace: 'bpmndi', elements: { 'dc:Font': 'Font' } },

  Diagram: {
    is: 'Element',
    abstract: true,
    namespace: 'di',
    attributes: { id: 'id', name: 'string', documentation: 'string', resolution: 'double' },
  },
  DiagramElement: {
    is: 'Element',
    abstract: true,
    namespace: 'di',
    attributes: { id: 'id' },
    elements: { 'di:extension': 'DiagramExtension?' },
  },
  DiagramExtension: { is: 'Element', namespace: 'di', content: 'any' },
  Plane: {
    is: 'DiagramElement',
    abstract: true,
    namespace: 'di',
    elements: { 'di:DiagramElement': 'DiagramElement*' },
  },
  Shape: { is: 'DiagramElement', abstract: true, namespace: 'di', elements: { 'dc:Bounds': 'Bounds' } },
  Edge: { is: 'DiagramElement', abstract: true, namespace: 'di', elements: { 'di:waypoint': 'Point+' } },
  Label: { is: 'DiagramElement', abstract: true, namespace: 'di', elements: { 'dc:Bounds': 'Bounds?' } },
  Style: { is: 'Element', abstract: true, namespace: 'di', attributes: { id: 'id' } },

  Bounds: {
    is: 'Element',
    namespace: 'dc',
    attributes: { ...coordinates, width: 'double', height: 'double' },
  },
  Point: { is: 'Element', namespace: 'dc', attributes: coordinates },
  Font: {
    is: 'Element',
    namespace: 'dc',
    attributes: {
      name: 'string',
      size: 'double',
      isBold: 'boolean',
      isItalic: 'boolean',
      isUnderline: 'boolean',
      isStrikeThrough: 'boolean',
    },
  },
} as const satisfies Record<string, TypeSpec>;
