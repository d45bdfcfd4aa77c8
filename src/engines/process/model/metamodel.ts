/**
 * The metamodel of BPMN 2.0.2 as data: every type of the exchange schema (Semantic.xsd, BPMN20.xsd), with what it extends,
 * its attributes and its child elements in the order of the schema. The reader, the writer, the canonical form and the
 * TypeScript types of the elements all come from this one table; the diagram types are in `metamodel-diagram.ts`.
 *
 * Attribute notation: `string`, `boolean`, `integer`, `double`, `id`, `QName` (a name outside the model), `&Type` (a
 * reference to an element of the model), `@Type` (one that may be in another document), or the values of an enumeration `A|B`; `=value` is the default of the schema.
 * Element notation: `Type`, or `&Type` and `@Type` (an element that holds a reference), then `?` optional, `*` any number, `+` at least
 * one. An element whose name is that of its type stands for the whole substitution group: `flowElement: 'FlowElement*'`
 * takes a `userTask`.
 */
import { eventAndCollaborationTypes } from './metamodel-collaboration.ts';
import { diagramTypes } from './metamodel-diagram.ts';
import type { TypeSpec } from './metamodel-spec.ts';

const name = { name: 'string' } as const;
const dataItem = { name: 'string', itemSubjectRef: '&ItemDefinition', isCollection: 'boolean=false' } as const;
const dataState = { dataState: 'DataState?' } as const;
const defaultFlow = { default: '&SequenceFlow' } as const;
const implementation = { implementation: 'string=##unspecified' } as const;
const webService = { implementation: 'string=##WebService', operationRef: '&Operation' } as const;
const participantReferences = { participantRef: '&Participant*' } as const;

const semanticTypes = {
  BaseElement: {
    is: 'Element',
    abstract: true,
    attributes: { id: 'id' },
    elements: { documentation: 'Documentation*', extensionElements: 'ExtensionElements?' },
  },
  Documentation: {
    is: 'Element',
    content: 'mixed',
    attributes: { id: 'id', textFormat: 'string=text/plain' },
  },
  ExtensionElements: { is: 'Element', content: 'any' },
  Extension: {
    is: 'Element',
    attributes: { definition: 'QName', mustUnderstand: 'boolean=false' },
    elements: { documentation: 'Documentation*' },
  },
  Import: { is: 'Element', attributes: { namespace: 'string', location: 'string', importType: 'string' } },
  Definitions: {
    is: 'BaseElement',
    attributes: {
      ...name,
      targetNamespace: 'string',
      expressionLanguage: 'string=http://www.w3.org/1999/XPath',
      typeLanguage: 'string=http://www.w3.org/2001/XMLSchema',
      exporter: 'string',
      exporterVersion: 'string',
    },
    elements: {
      import: 'Import*',
      extension: 'Extension*',
      rootElement: 'RootElement*',
      'bpmndi:BPMNDiagram': 'BPMNDiagram*',
      relationship: 'Relationship*',
    },
  },
  RootElement: { is: 'BaseElement', abstract: true },
  Relationship: {
    is: 'BaseElement',
    attributes: { type: 'string', direction: 'None|Forward|Backward|Both' },
    elements: { source: '@Element+', target: '@Element+' },
  },
  Auditing: { is: 'BaseElement' },
  Monitoring: { is: 'BaseElement' },

  // Expressions.
  // The schema gives language and type to FormalExpression only; tools that leave out xsi:type write them all the same.
  Expression: {
    is: 'BaseElement',
    content: 'mixed',
    attributes: { language: 'string', evaluatesToTypeRef: '@ItemDefinition' },
  },
  FormalExpression: { is: 'Expression' },

  // Items, messages and other definitions at the root.
  ItemDefinition: {
    is: 'RootElement',
    attributes: {
      structureRef: 'QName',
      isCollection: 'boolean=false',
      itemKind: 'Information|Physical=Information',
    },
  },
  Message: { is: 'RootElement', attributes: { ...name, itemRef: '&ItemDefinition' } },
  Error: { is: 'RootElement', attributes: { ...name, errorCode: 'string', structureRef: '@ItemDefinition' } },
  Escalation: { is: 'RootElement', attributes: { ...name, escalationCode: 'string', structureRef: '@ItemDefinition' } },
  Signal: { is: 'RootElement', attributes: { ...name, structureRef: '@ItemDefinition' } },
  Interface: {
    is: 'RootElement',
    attributes: { ...name, implementationRef: 'QName' },
    elements: { operation: 'Operation+' },
  },
  Operation: {
    is: 'BaseElement',
    attributes: { ...name, implementationRef: 'QName' },
    elements: { inMessageRef: '&Message', outMessageRef: '&Message?', errorRef: '&Error*' },
  },
  EndPoint: { is: 'RootElement' },
  Resource: { is: 'RootElement', attributes: name, elements: { resourceParameter: 'ResourceParameter*' } },
  ResourceParameter: {
    is: 'BaseElement',
    attributes: { ...name, type: '@ItemDefinition', isRequired: 'boolean' },
  },
  PartnerEntity: { is: 'RootElement', attributes: name, elements: participantReferences },
  PartnerRole: { is: 'RootElement', attributes: name, elements: participantReferences },
  Category: { is: 'RootElement', attributes: name, elements: { categoryValue: 'CategoryValue*' } },
  CategoryValue: { is: 'BaseElement', attributes: { value: 'string' } },

  // Correlation.
  CorrelationKey: {
    is: 'BaseElement',
    attributes: name,
    elements: { correlationPropertyRef: '&CorrelationProperty*' },
  },
  CorrelationProperty: {
    is: 'RootElement',
    attributes: { ...name, type: '@ItemDefinition' },
    elements: { correlationPropertyRetrievalExpression: 'CorrelationPropertyRetrievalExpression+' },
  },
  CorrelationPropertyRetrievalExpression: {
    is: 'BaseElement',
    attributes: { messageRef: '&Message' },
    elements: { messagePath: 'FormalExpression' },
  },
  CorrelationSubscription: {
    is: 'BaseElement',
    attributes: { correlationKeyRef: '&CorrelationKey' },
    elements: { correlationPropertyBinding: 'CorrelationPropertyBinding*' },
  },
  CorrelationPropertyBinding: {
    is: 'BaseElement',
    attributes: { correlationPropertyRef: '&CorrelationProperty' },
    elements: { dataPath: 'FormalExpression' },
  },

  // Data.
  DataState: { is: 'BaseElement', attributes: name },
  DataInput: { is: 'BaseElement', attributes: dataItem, elements: dataState },
  DataOutput: { is: 'BaseElement', attributes: dataItem, elements: dataState },
  Property: { is: 'BaseElement', attributes: { ...name, itemSubjectRef: '&ItemDefinition' }, elements: dataState },
  DataObject: {
    is: 'FlowElement',
    attributes: { itemSubjectRef: '&ItemDefinition', isCollection: 'boolean=false' },
    elements: dataState,
  },
  DataObjectReference: {
    is: 'FlowElement',
    attributes: { itemSubjectRef: '&ItemDefinition', dataObjectRef: '&DataObject' },
    elements: dataState,
  },
  DataStore: {
    is: 'RootElement',
    attributes: { ...name, capacity: 'integer', isUnlimited: 'boolean=true', itemSubjectRef: '&ItemDefinition' },
    elements: dataState,
  },
  DataStoreReference: {
    is: 'FlowElement',
    attributes: { itemSubjectRef: '&ItemDefinition', dataStoreRef: '&DataStore' },
    elements: dataState,
  },
  DataAssociation: {
    is: 'BaseElement',
    abstract: true,
    elements: {
      sourceRef: '&BaseElement*',
      targetRef: '&BaseElement',
      transformation: 'FormalExpression?',
      assignment: 'Assignment*',
    },
  },
  DataInputAssociation: { is: 'DataAssociation' },
  DataOutputAssociation: { is: 'DataAssociation' },
  Assignment: { is: 'BaseElement', elements: { from: 'Expression', to: 'Expression' } },
  InputOutputSpecification: {
    is: 'BaseElement',
    elements: { dataInput: 'DataInput*', dataOutput: 'DataOutput*', inputSet: 'InputSet+', outputSet: 'OutputSet+' },
  },
  InputOutputBinding: {
    is: 'BaseElement',
    attributes: { operationRef: '&Operation', inputDataRef: '&BaseElement', outputDataRef: '&BaseElement' },
  },
  InputSet: {
    is: 'BaseElement',
    attributes: name,
    elements: {
      dataInputRefs: '&DataInput*',
      optionalInputRefs: '&DataInput*',
      whileExecutingInputRefs: '&DataInput*',
      outputSetRefs: '&OutputSet*',
    },
  },
  OutputSet: {
    is: 'BaseElement',
    attributes: name,
    elements: {
      dataOutputRefs: '&DataOutput*',
      optionalOutputRefs: '&DataOutput*',
      whileExecutingOutputRefs: '&DataOutput*',
      inputSetRefs: '&InputSet*',
    },
  },

  // Processes and callable elements.
  CallableElement: {
    is: 'RootElement',
    attributes: name,
    elements: {
      supportedInterfaceRef: '&Interface*',
      ioSpecification: 'InputOutputSpecification?',
      ioBinding: 'InputOutputBinding*',
    },
  },
  Process: {
    is: 'CallableElement',
    attributes: {
      processType: 'None|Public|Private=None',
      isClosed: 'boolean=false',
      isExecutable: 'boolean',
      definitionalCollaborationRef: '&Collaboration',
    },
    elements: {
      auditing: 'Auditing?',
      monitoring: 'Monitoring?',
      property: 'Property*',
      laneSet: 'LaneSet*',
      flowElement: 'FlowElement*',
      artifact: 'Artifact*',
      resourceRole: 'ResourceRole*',
      correlationSubscription: 'CorrelationSubscription*',
      supports: '&Process*',
    },
  },
  GlobalTask: { is: 'CallableElement', elements: { resourceRole: 'ResourceRole*' } },
  GlobalBusinessRuleTask: { is: 'GlobalTask', attributes: implementation },
  GlobalManualTask: { is: 'GlobalTask' },
  GlobalScriptTask: { is: 'GlobalTask', attributes: { scriptLanguage: 'string' }, elements: { script: 'Script?' } },
  GlobalUserTask: { is: 'GlobalTask', attributes: implementation, elements: { rendering: 'Rendering*' } },
  LaneSet: { is: 'BaseElement', attributes: name, elements: { lane: 'Lane*' } },
  Lane: {
    is: 'BaseElement',
    attributes: { ...name, partitionElementRef: '&BaseElement' },
    elements: { partitionElement: 'BaseElement?', flowNodeRef: '&BaseElement*', childLaneSet: 'LaneSet?' },
  },
  ResourceRole: {
    is: 'BaseElement',
    attributes: name,
    elements: {
      resourceRef: '&Resource?',
      resourceParameterBinding: 'ResourceParameterBinding*',
      resourceAssignmentExpression: 'ResourceAssignmentExpression?',
    },
  },
  Performer: { is: 'ResourceRole' },
  HumanPerformer: { is: 'Performer' },
  PotentialOwner: { is: 'HumanPerformer' },
  ResourceAssignmentExpression: { is: 'BaseElement', elements: { expression: 'Expression' } },
  ResourceParameterBinding: {
    is: 'BaseElement',
    attributes: { parameterRef: '&ResourceParameter' },
    elements: { expression: 'Expression' },
  },

  // Flow elements.
  FlowElement: {
    is: 'BaseElement',
    abstract: true,
    attributes: name,
    elements: { auditing: 'Auditing?', monitoring: 'Monitoring?', categoryValueRef: '&CategoryValue*' },
  },
  FlowNode: {
    is: 'FlowElement',
    abstract: true,
    elements: { incoming: '&SequenceFlow*', outgoing: '&SequenceFlow*' },
  },
  SequenceFlow: {
    is: 'FlowElement',
    attributes: { sourceRef: '&FlowNode', targetRef: '&FlowNode', isImmediate: 'boolean' },
    elements: { conditionExpression: 'Expression?' },
  },
  Activity: {
    is: 'FlowNode',
    abstract: true,
    attributes: {
      isForCompensation: 'boolean=false',
      startQuantity: 'integer=1',
      completionQuantity: 'integer=1',
      ...defaultFlow,
    },
    elements: {
      ioSpecification: 'InputOutputSpecification?',
      property: 'Property*',
      dataInputAssociation: 'DataInputAssociation*',
      dataOutputAssociation: 'DataOutputAssociation*',
      resourceRole: 'ResourceRole*',
      loopCharacteristics: 'LoopCharacteristics?',
    },
  },
  LoopCharacteristics: { is: 'BaseElement', abstract: true },
  StandardLoopCharacteristics: {
    is: 'LoopCharacteristics',
    attributes: { testBefore: 'boolean=false', loopMaximum: 'integer' },
    elements: { loopCondition: 'Expression?' },
  },
  MultiInstanceLoopCharacteristics: {
    is: 'LoopCharacteristics',
    attributes: {
      isSequential: 'boolean=false',
      behavior: 'None|One|All|Complex=All',
      oneBehaviorEventRef: '&EventDefinition',
      noneBehaviorEventRef: '&EventDefinition',
    },
    elements: {
      loopCardinality: 'Expression?',
      loopDataInputRef: '&BaseElement?',
      loopDataOutputRef: '&BaseElement?',
      inputDataItem: 'DataInput?',
      outputDataItem: 'DataOutput?',
      complexBehaviorDefinition: 'ComplexBehaviorDefinition*',
      completionCondition: 'Expression?',
    },
  },
  ComplexBehaviorDefinition: {
    is: 'BaseElement',
    elements: { condition: 'FormalExpression', event: 'ImplicitThrowEvent?' },
  },
  Task: { is: 'Activity' },
  BusinessRuleTask: { is: 'Task', attributes: implementation },
  ManualTask: { is: 'Task' },
  ReceiveTask: {
    is: 'Task',
    attributes: { ...webService, instantiate: 'boolean=false', messageRef: '&Message' },
  },
  SendTask: { is: 'Task', attributes: { ...webService, messageRef: '&Message' } },
  ServiceTask: { is: 'Task', attributes: webService },
  ScriptTask: { is: 'Task', attributes: { scriptFormat: 'string' }, elements: { script: 'Script?' } },
  Script: { is: 'Element', content: 'mixed' },
  UserTask: { is: 'Task', attributes: implementation, elements: { rendering: 'Rendering*' } },
  Rendering: { is: 'BaseElement' },
  CallActivity: { is: 'Activity', attributes: { calledElement: '@CallableElement' } },
  SubProcess: {
    is: 'Activity',
    attributes: { triggeredByEvent: 'boolean=false' },
    elements: { laneSet: 'LaneSet*', flowElement: 'FlowElement*', artifact: 'Artifact*' },
  },
  AdHocSubProcess: {
    is: 'SubProcess',
    attributes: { cancelRemainingInstances: 'boolean=true', ordering: 'Parallel|Sequential' },
    elements: { completionCondition: 'Expression?' },
  },
  Transaction: { is: 'SubProcess', attributes: { method: 'string=##Compensate' } },

  Gateway: {
    is: 'FlowNode',
    attributes: { gatewayDirection: 'Unspecified|Converging|Diverging|Mixed=Unspecified' },
  },
  ComplexGateway: { is: 'Gateway', attributes: defaultFlow, elements: { activationCondition: 'Expression?' } },
  EventBasedGateway: {
    is: 'Gateway',
    attributes: { instantiate: 'boolean=false', eventGatewayType: 'Exclusive|Parallel=Exclusive' },
  },
  ExclusiveGateway: { is: 'Gateway', attributes: defaultFlow },
  InclusiveGateway: { is: 'Gateway', attributes: defaultFlow },
  ParallelGateway: { is: 'Gateway' },
} as const satisfies Record<string, TypeSpec>;

export const metamodel = { ...semanticTypes, ...eventAndCollaborationTypes, ...diagramTypes } as const;
