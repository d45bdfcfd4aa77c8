/** Events, artifacts, collaborations, conversations and choreographies of BPMN 2.0.2; notation as in `metamodel.ts`. */
import type { TypeSpec } from './metamodel-spec.ts';

const name = { name: 'string' } as const;
const messageEnds = { sourceRef: '&BaseElement', targetRef: '&BaseElement' } as const;

export const eventAndCollaborationTypes = {
  Event: { is: 'FlowNode', abstract: true, elements: { property: 'Property*' } },
  CatchEvent: {
    is: 'Event',
    abstract: true,
    attributes: { parallelMultiple: 'boolean=false' },
    elements: {
      dataOutput: 'DataOutput*',
      dataOutputAssociation: 'DataOutputAssociation*',
      outputSet: 'OutputSet?',
      eventDefinition: 'EventDefinition*',
      eventDefinitionRef: '&EventDefinition*',
    },
  },
  ThrowEvent: {
    is: 'Event',
    abstract: true,
    elements: {
      dataInput: 'DataInput*',
      dataInputAssociation: 'DataInputAssociation*',
      inputSet: 'InputSet?',
      eventDefinition: 'EventDefinition*',
      eventDefinitionRef: '&EventDefinition*',
    },
  },
  StartEvent: { is: 'CatchEvent', attributes: { isInterrupting: 'boolean=true' } },
  IntermediateCatchEvent: { is: 'CatchEvent' },
  BoundaryEvent: { is: 'CatchEvent', attributes: { cancelActivity: 'boolean=true', attachedToRef: '&Activity' } },
  EndEvent: { is: 'ThrowEvent' },
  IntermediateThrowEvent: { is: 'ThrowEvent' },
  ImplicitThrowEvent: { is: 'ThrowEvent' },

  EventDefinition: { is: 'RootElement', abstract: true },
  CancelEventDefinition: { is: 'EventDefinition' },
  CompensateEventDefinition: {
    is: 'EventDefinition',
    attributes: { waitForCompletion: 'boolean', activityRef: '&Activity' },
  },
  ConditionalEventDefinition: { is: 'EventDefinition', elements: { condition: 'Expression' } },
  ErrorEventDefinition: { is: 'EventDefinition', attributes: { errorRef: '&Error' } },
  EscalationEventDefinition: { is: 'EventDefinition', attributes: { escalationRef: '&Escalation' } },
  LinkEventDefinition: {
    is: 'EventDefinition',
    attributes: name,
    elements: { source: '&LinkEventDefinition*', target: '&LinkEventDefinition?' },
  },
  MessageEventDefinition: {
    is: 'EventDefinition',
    attributes: { messageRef: '&Message' },
    elements: { operationRef: '&Operation?' },
  },
  SignalEventDefinition: { is: 'EventDefinition', attributes: { signalRef: '&Signal' } },
  TerminateEventDefinition: { is: 'EventDefinition' },
  TimerEventDefinition: {
    is: 'EventDefinition',
    elements: { timeDate: 'Expression?', timeDuration: 'Expression?', timeCycle: 'Expression?' },
  },

  Artifact: { is: 'BaseElement', abstract: true },
  Association: {
    is: 'Artifact',
    attributes: { ...messageEnds, associationDirection: 'None|One|Both=None' },
  },
  Group: { is: 'Artifact', attributes: { categoryValueRef: '&CategoryValue' } },
  TextAnnotation: { is: 'Artifact', attributes: { textFormat: 'string=text/plain' }, elements: { text: 'Text?' } },
  Text: { is: 'Element', content: 'mixed' },

  Collaboration: {
    is: 'RootElement',
    attributes: { ...name, isClosed: 'boolean=false' },
    elements: {
      participant: 'Participant*',
      messageFlow: 'MessageFlow*',
      artifact: 'Artifact*',
      conversationNode: 'ConversationNode*',
      conversationAssociation: 'ConversationAssociation*',
      participantAssociation: 'ParticipantAssociation*',
      messageFlowAssociation: 'MessageFlowAssociation*',
      correlationKey: 'CorrelationKey*',
      choreographyRef: '&Choreography*',
      conversationLink: 'ConversationLink*',
    },
  },
  Participant: {
    is: 'BaseElement',
    attributes: { ...name, processRef: '&Process' },
    elements: {
      interfaceRef: '&Interface*',
      endPointRef: '&EndPoint*',
      participantMultiplicity: 'ParticipantMultiplicity?',
    },
  },
  ParticipantMultiplicity: { is: 'BaseElement', attributes: { minimum: 'integer=0', maximum: 'integer=1' } },
  ParticipantAssociation: {
    is: 'BaseElement',
    elements: { innerParticipantRef: '&Participant', outerParticipantRef: '&Participant' },
  },
  MessageFlow: { is: 'BaseElement', attributes: { ...name, ...messageEnds, messageRef: '&Message' } },
  MessageFlowAssociation: {
    is: 'BaseElement',
    attributes: { innerMessageFlowRef: '&MessageFlow', outerMessageFlowRef: '&MessageFlow' },
  },
  ConversationNode: {
    is: 'BaseElement',
    abstract: true,
    attributes: name,
    elements: {
      participantRef: '&Participant*',
      messageFlowRef: '&MessageFlow*',
      correlationKey: 'CorrelationKey*',
    },
  },
  Conversation: { is: 'ConversationNode' },
  SubConversation: { is: 'ConversationNode', elements: { conversationNode: 'ConversationNode*' } },
  CallConversation: {
    is: 'ConversationNode',
    attributes: { calledCollaborationRef: '@Collaboration' },
    elements: { participantAssociation: 'ParticipantAssociation*' },
  },
  ConversationAssociation: {
    is: 'BaseElement',
    attributes: { innerConversationNodeRef: '&ConversationNode', outerConversationNodeRef: '&ConversationNode' },
  },
  ConversationLink: { is: 'BaseElement', attributes: { ...name, ...messageEnds } },
  GlobalConversation: { is: 'Collaboration' },

  Choreography: { is: 'Collaboration', elements: { flowElement: 'FlowElement*' } },
  GlobalChoreographyTask: { is: 'Choreography', attributes: { initiatingParticipantRef: '&Participant' } },
  ChoreographyActivity: {
    is: 'FlowNode',
    abstract: true,
    attributes: {
      initiatingParticipantRef: '&Participant',
      loopType: 'None|Standard|MultiInstanceSequential|MultiInstanceParallel=None',
    },
    elements: { participantRef: '&Participant+', correlationKey: 'CorrelationKey*' },
  },
  ChoreographyTask: { is: 'ChoreographyActivity', elements: { messageFlowRef: '&MessageFlow+' } },
  CallChoreography: {
    is: 'ChoreographyActivity',
    attributes: { calledChoreographyRef: '@Choreography' },
    elements: { participantAssociation: 'ParticipantAssociation*' },
  },
  SubChoreography: {
    is: 'ChoreographyActivity',
    elements: { flowElement: 'FlowElement*', artifact: 'Artifact*' },
  },
} as const satisfies Record<string, TypeSpec>;
