/**
 * Processes that together use every kind of element, and end in the same way whatever happens to those who work on them:
 * people complete every task but those whose id begins with `never`.
 */
import { bpmn, flows } from '#test/bpmn';
import { catchingDocuments, catchingStarted } from './catching.ts';
import { startingDocuments, startingStarted } from './starting.ts';
import { roots, service, timer, undoable } from './xml.ts';

const messages = `${roots}<message id="m" name="reply"/><message id="nm" name="never"/><signal id="sg" name="bell"/>`;

const tasks = bpmn(
  `<startEvent id="s"/><parallelGateway id="g"/>
   ${service('a')}<userTask id="u"/>
   <scriptTask id="sc" scriptFormat="FEEL" longmen:resultVariable="sum"><script>n * 1.1</script></scriptTask>
   <sendTask id="send" messageRef="m"><extensionElements><longmen:input source="id" target="id"/><longmen:input source="n" target="answer"/></extensionElements></sendTask>
   <receiveTask id="recv" messageRef="m" longmen:correlationKey="id"/>
   <manualTask id="man"/>${service('ext', 'outside')}${service('flaky', 'flaky')}
   <businessRuleTask id="rule" longmen:decisionRef="Grade" longmen:resultVariable="grade"/>
   <callActivity id="call" calledElement="called"><extensionElements><longmen:input source="n" target="n"/><longmen:input source="id" target="id"/><longmen:output source="doubled" target="doubled"/></extensionElements></callActivity>
   <parallelGateway id="j"/><exclusiveGateway id="x" default="x_e"/>
   <inclusiveGateway id="i"/>${service('i1')}${service('i2')}${service('i3')}<inclusiveGateway id="k"/>
   <eventBasedGateway id="ev"/>
   <intermediateCatchEvent id="t1">${timer('PT0.05S')}</intermediateCatchEvent>
   <intermediateCatchEvent id="m1" longmen:correlationKey="id"><messageEventDefinition messageRef="nm"/></intermediateCatchEvent>
   <intermediateThrowEvent id="l1"><linkEventDefinition id="ld1" name="L"/></intermediateThrowEvent>
   <intermediateCatchEvent id="l2"><linkEventDefinition id="ld2" name="L"/></intermediateCatchEvent><endEvent id="e"/><endEvent id="e2"/>
   ${flows('s>g>a>u>sc>j', 'g>send>j', 'g>recv>j', 'g>man>ext>j', 'g>flaky>rule>call>j', 'j>x', 'x>i ? n > 0', 'x>e', 'i>i1 ? n > 0', 'i>i2 ? n > 0', 'i>i3 ? n < 0', 'i1>k', 'i2>k', 'i3>k', 'k>ev', 'ev>t1>l1', 'ev>m1>e2', 'l2>e2')}`,
  messages.replace('name="reply"/>', 'name="reply" longmen:correlationKey="id"/>'),
  'tasks',
);

const called = bpmn(
  `<startEvent id="s"/>${service('c')}<scriptTask id="d" scriptFormat="FEEL" longmen:resultVariable="doubled"><script>n * 2</script></scriptTask><endEvent id="e"/>${flows('s>c>d>e')}`,
  '',
  'called',
);

const events = bpmn(
  `<startEvent id="s"/><parallelGateway id="g"/>
   <userTask id="never1"/><boundaryEvent id="b1" attachedToRef="never1">${timer('PT0.1S')}</boundaryEvent>
   <boundaryEvent id="b2" attachedToRef="never1" cancelActivity="false"><timerEventDefinition><timeCycle>R2/PT0.03S</timeCycle></timerEventDefinition></boundaryEvent>${service('cy')}
   <userTask id="never2"/><boundaryEvent id="b3" attachedToRef="never2"><signalEventDefinition signalRef="sg"/></boundaryEvent>
   <intermediateCatchEvent id="w1">${timer('PT0.2S')}</intermediateCatchEvent><intermediateThrowEvent id="ring"><signalEventDefinition signalRef="sg"/></intermediateThrowEvent>
   <intermediateCatchEvent id="cond"><conditionalEventDefinition><condition>flag = true</condition></conditionalEventDefinition></intermediateCatchEvent>
   <intermediateCatchEvent id="w2">${timer('PT0.05S')}</intermediateCatchEvent><scriptTask id="raise" scriptFormat="FEEL" longmen:resultVariable="flag"><script>true</script></scriptTask>
   <subProcess id="esc"><startEvent id="es1"/><intermediateThrowEvent id="est"><escalationEventDefinition escalationRef="es"/></intermediateThrowEvent>${service('esa')}${flows('es1>est>esa')}</subProcess>
   <boundaryEvent id="b4" attachedToRef="esc" cancelActivity="false"><escalationEventDefinition escalationRef="es"/></boundaryEvent>${service('escd')}
   <subProcess id="err"><startEvent id="er1"/>${service('era', 'refuse')}${flows('er1>era')}</subProcess>
   <boundaryEvent id="b5" attachedToRef="err"><errorEventDefinition errorRef="er"/></boundaryEvent>${service('erc')}
   <subProcess id="term"><startEvent id="te1"/><parallelGateway id="teg"/><userTask id="never3"/>${service('tea')}<endEvent id="tee"><terminateEventDefinition/></endEvent>${flows('te1>teg>never3', 'teg>tea>tee')}</subProcess>
   <subProcess id="esub"><startEvent id="ev1"/><userTask id="never4"/>
     <subProcess id="onm" triggeredByEvent="true"><startEvent id="onms">${timer('PT0.05S')}</startEvent>${service('onma')}${flows('onms>onma')}</subProcess>${flows('ev1>never4')}</subProcess>
   <endEvent id="e"/>
   ${flows('s>g', 'g>never1', 'b1>e', 'b2>cy', 'g>never2', 'b3>e', 'g>w1>ring', 'g>cond>e', 'g>w2>raise', 'g>esc>e', 'b4>escd', 'g>err', 'b5>erc', 'g>term>e', 'g>esub>e')}`,
  messages,
  'events',
);

const undoing = bpmn(
  `<startEvent id="s"/>${undoable('c1')}
   <subProcess id="sub"><startEvent id="ss"/>${undoable('c2')}${undoable('c3')}${flows('ss>c2>c3')}</subProcess>
   <transaction id="tx"><startEvent id="ts"/>${undoable('c4')}${undoable('c5')}<userTask id="tu"/><endEvent id="tc"><cancelEventDefinition/></endEvent>${flows('ts>c4>c5>tu>tc')}</transaction>
   <boundaryEvent id="bc" attachedToRef="tx"><cancelEventDefinition/></boundaryEvent>
   <serviceTask id="seq" longmen:function="record"><multiInstanceLoopCharacteristics isSequential="true" longmen:collection="[1, 2, 3]" longmen:item="item"/></serviceTask>
   <serviceTask id="par" longmen:function="record"><multiInstanceLoopCharacteristics><loopCardinality>4</loopCardinality></multiInstanceLoopCharacteristics></serviceTask>
   <userTask id="neverx"><multiInstanceLoopCharacteristics><loopCardinality>0</loopCardinality></multiInstanceLoopCharacteristics></userTask>
   <serviceTask id="std" longmen:function="count"><standardLoopCharacteristics><loopCondition>times &lt; 3</loopCondition></standardLoopCharacteristics></serviceTask>
   <endEvent id="ce"><compensateEventDefinition/></endEvent>
   ${flows('s>c1>sub>tx', 'tx>ce', 'bc>seq>par>neverx>std>ce')}`,
  roots,
  'undoing',
);

export const documents = [called, tasks, events, undoing, ...catchingDocuments, ...startingDocuments];
/** Those that are started; the others are called. */
export const started = ['tasks', 'events', 'undoing', ...catchingStarted, ...startingStarted];

export const decisions = `<?xml version="1.0"?>
<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" name="grades" namespace="grades" id="grades">
  <inputData id="i" name="n"><variable name="n" typeRef="number"/></inputData>
  <decision id="d" name="Grade"><variable name="Grade" typeRef="string"/>
    <informationRequirement><requiredInput href="#i"/></informationRequirement>
    <literalExpression><text>if n > 5 then "high" else "low"</text></literalExpression></decision></definitions>`;
