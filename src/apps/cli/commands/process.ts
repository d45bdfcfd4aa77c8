import { addExample, type RegisterCommand } from '../command.ts';
import { table, UsageError } from '../output.ts';
import {
  actorOf,
  engineOf,
  numberOf,
  operationOf,
  readText,
  variablesOf,
  withActor,
  withBook,
} from './process/common.ts';
import { showText } from './process/show.ts';

/** `longmen process …`: what an operator does with processes. */
export const processCommand: RegisterCommand = (program, act) => {
  const family = program
    .command('process')
    .helpCommand(false)
    .description('processes: deploy models, start, look at and mend instances');
  addExample(family, 'longmen process list --status running');

  const deployCommand = withActor(family.command('deploy'))
    .description('deploy BPMN documents, and DMN models for their business-rule tasks')
    .argument('<files...>', 'BPMN files; a file that ends in .dmn is a DMN model')
    .action(
      act(async (context, files, options) => {
        const { deploy, deployDecisions, processJson } = await import('#engines/process');
        const engine = await engineOf(context, options);
        const actor = actorOf(options);
        const documents = await Promise.all(files.map(async (file) => ({ file, document: await readText(file) })));
        const done = await engine.db.transaction(async (tx) => {
          const deployed: ReturnType<typeof processJson.deployedJson>[] = [];
          const decisions: { name: string; version: number }[] = [];
          for (const { file, document } of documents) {
            if (file.endsWith('.dmn')) decisions.push(await deployDecisions(engine, tx, { document, actor }));
            else deployed.push(...(await deploy(engine, tx, { document, actor })).map(processJson.deployedJson));
          }
          return { deployed, decisions };
        });
        context.output.result(done, () =>
          [
            ...done.deployed.map((one) => `${one.process} ${one.version}${one.repeated ? ', as it was' : ''}`),
            ...done.decisions.map((one) => `${one.name} ${one.version} (decisions)`),
          ].join('\n'),
        );
      }),
    );
  addExample(deployCommand, 'longmen process deploy claim.bpmn claim-rules.dmn');

  const startCommand = withActor(family.command('start'))
    .description('start an instance of the latest version; the workers of the server go on with it')
    .argument('<process>', 'id of the process')
    .option('--input <file>', 'JSON file with the variables')
    .option('--key <text>', 'business key')
    .option('--id <uuid>', 'id of the instance: the same one again starts nothing')
    .action(
      act(async (context, [process = ''], options) => {
        const { processJson, start } = await import('#engines/process');
        const engine = await engineOf(context, options);
        const variables = await variablesOf(options);
        const started = await engine.db.transaction((tx) =>
          start(engine, tx, {
            process,
            variables,
            actor: actorOf(options),
            ...(options.key !== undefined && { businessKey: String(options.key) }),
            ...(options.id !== undefined && { instanceId: String(options.id) }),
          }),
        );
        context.output.result(processJson.startedJson(started), () => `${started.instanceId} ${started.status}`);
      }),
    );
  addExample(startCommand, 'longmen process start claim --input claim.json --key C-2026-17');

  const listCommand = withBook(family.command('list'))
    .description('list instances, or deployed versions')
    .option('--process <id>', 'only of this process')
    .option('--status <status>', 'only running, suspended, completed, cancelled or failed instances')
    .option('--versions', 'list the deployed versions instead')
    .option('--incidents', 'list the open incidents instead')
    .option('--after <id>', 'only instances behind this one')
    .option('--limit <n>', 'at most so many', '100')
    .action(
      act(async (context, _words, options) => {
        const engine = await engineOf(context, options);
        const limit = numberOf(options, 'limit') ?? 100;
        const process = options.process === undefined ? {} : { process: String(options.process) };
        const { listDefinitions, listIncidents, listInstances, processJson } = await import('#engines/process');
        if (options.versions === true) {
          const versions = (await listDefinitions(engine, engine.db, { ...process, limit })).map(
            processJson.definitionJson,
          );
          context.output.result({ versions }, () =>
            table(
              ['process', 'version', 'name', 'deployed at', 'by', 'open'],
              versions.map((one) => [
                one.process,
                `${one.version}`,
                one.name,
                one.deployed_at,
                one.deployed_by,
                `${one.open_instances}`,
              ]),
              { right: [1, 5] },
            ),
          );
        } else if (options.incidents === true) {
          const incidents = (await listIncidents(engine, engine.db, { limit })).map(processJson.incidentJson);
          context.output.result({ incidents }, () =>
            table(
              ['instance', 'token', 'element', 'code', 'detail'],
              incidents.map((one) => [one.instance_id, `${one.token}`, one.node, one.code, one.detail]),
            ),
          );
        } else {
          const filter = { ...process, limit, ...statusOf(options.status), ...afterOf(options.after) };
          const instances = (await listInstances(engine, engine.db, filter)).map(processJson.instanceJson);
          context.output.result({ instances }, () =>
            table(
              ['instance', 'process', 'version', 'key', 'status', 'at'],
              instances.map((one) => [
                one.instance_id,
                one.process,
                `${one.version}`,
                one.business_key ?? '',
                one.status,
                one.tokens.map(({ node, incident }) => `${node}${incident === null ? '' : '!'}`).join(' '),
              ]),
            ),
          );
        }
      }),
    );
  addExample(listCommand, 'longmen process list --process claim --status running', 'longmen process list --incidents');

  const show = withBook(family.command('show'))
    .description('show one instance: where it is, its variables, incidents, history and trail')
    .argument('<instance>', 'id of the instance')
    .action(
      act(async (context, [id = ''], options) => {
        const { listTasks, processJson, readHistory, readInstance, readTrail } = await import('#engines/process');
        const engine = await engineOf(context, options);
        const instance = processJson.instanceJson(await readInstance(engine, engine.db, id));
        const history = (await readHistory(engine, engine.db, id)).map(processJson.historyJson);
        const trail = (await readTrail(engine, engine.db, id)).map(processJson.trailJson);
        const tasks = (await listTasks(engine, engine.db, { instanceId: id })).map(processJson.taskJson);
        context.output.result({ instance, tasks, history, trail }, () => showText({ instance, tasks, history, trail }));
      }),
    );
  addExample(show, 'longmen process show 0198c2a0-5b1e-7cc3-9a51-3f6e2a7d4b10');

  for (const [name, description] of [
    ['suspend', 'stop an instance where it is'],
    ['resume', 'let a suspended instance go on'],
    ['cancel', 'end an instance, and what it called, without compensation'],
  ] as const) {
    const command = withActor(family.command(name))
      .description(description)
      .argument('<instance>', 'id of the instance')
      .option('--reason <text>', 'why; kept in the trail')
      .action(
        act(async (context, [id = ''], options) => {
          const operations = await import('#engines/process');
          const engine = await engineOf(context, options);
          const after = await engine.db.transaction(async (tx) => {
            await operations[name](engine, tx, id, operationOf(options));
            return operations.readInstance(engine, tx, id);
          });
          context.output.result(operations.processJson.instanceJson(after), () => `${id} ${after.status}`);
        }),
      );
    addExample(
      command,
      `longmen process ${name} 0198c2a0-5b1e-7cc3-9a51-3f6e2a7d4b10 --reason 'asked for by the customer'`,
    );
  }

  const retry = withActor(family.command('retry'))
    .description('have the elements of open incidents tried again')
    .argument('<instance>', 'id of the instance')
    .option('--token <n>', 'only the incident of this token (default: all of the instance)')
    .option('--input <file>', 'JSON file with variables to set first')
    .option('--reason <text>', 'why; kept in the trail')
    .action(
      act(async (context, [id = ''], options) => {
        const { listIncidents, processJson, readInstance, retryIncident } = await import('#engines/process');
        const engine = await engineOf(context, options);
        const variables = await variablesOf(options);
        const token = numberOf(options, 'token');
        const after = await engine.db.transaction(async (tx) => {
          await readInstance(engine, tx, id);
          const open = await listIncidents(engine, tx, { instanceId: id });
          const tokens = token === undefined ? [...new Set(open.map((one) => one.token))] : [token];
          for (const one of tokens) {
            await retryIncident(engine, tx, id, { ...operationOf(options), token: one, variables });
          }
          return { tokens, instance: processJson.instanceJson(await readInstance(engine, tx, id)) };
        });
        context.output.result(
          { retried: after.tokens, instance: after.instance },
          () => `${after.tokens.length} incidents are tried again`,
        );
      }),
    );
  addExample(retry, 'longmen process retry 0198c2a0-5b1e-7cc3-9a51-3f6e2a7d4b10 --input fixed.json');

  const migrateCommand = withActor(family.command('migrate'))
    .description('move instances to another version; those that cannot be moved stay, with the reasons')
    .argument('<process>', 'id of the process')
    .requiredOption('--from <n>', 'version they are of')
    .requiredOption('--to <n>', 'version they are to be of')
    .option('--map <old=new...>', 'elements that have another id in the new version')
    .option('--instance <ids...>', 'only these instances (default: all that have not ended)')
    .option('--preview', 'only say what would be done')
    .action(
      act(async (context, [process = ''], options) => {
        const { migrate, previewMigration, processJson } = await import('#engines/process');
        const engine = await engineOf(context, options);
        const plan = {
          process,
          from: numberOf(options, 'from') ?? 0,
          to: numberOf(options, 'to') ?? 0,
          mapping: Object.fromEntries(words(options.map).map(pair)),
          ...(options.instance !== undefined && { instanceIds: words(options.instance) }),
        };
        const report = processJson.migrationJson(
          options.preview === true
            ? await previewMigration(engine, engine.db, plan)
            : await migrate(engine, plan, actorOf(options)),
        );
        context.output.result(report, () =>
          [
            `${report.moved} ${options.preview === true ? 'can be moved' : 'moved'}, ${report.refused.length} stay`,
            ...report.refused.map(
              (one) => `${one.instance_id}: ${one.problems.map(({ node, detail }) => `${node}: ${detail}`).join('; ')}`,
            ),
          ].join('\n'),
        );
      }),
    );
  addExample(migrateCommand, 'longmen process migrate claim --from 1 --to 2 --map review=assess --preview');
};

function words(option: unknown): string[] {
  return Array.isArray(option) ? option.map(String) : [];
}

function pair(text: string): [string, string] {
  const [from = '', to = '', more] = text.split('=');
  if (from === '' || to === '' || more !== undefined) throw new UsageError(`--map wants old=new, not ${text}`);
  return [from, to];
}

const statuses = ['running', 'suspended', 'completed', 'cancelled', 'failed'] as const;

function statusOf(option: unknown): { status?: (typeof statuses)[number] } {
  if (option === undefined) return {};
  const status = statuses.find((one) => one === option);
  if (status === undefined) throw new UsageError(`--status is one of ${statuses.join(', ')}`);
  return { status };
}

function afterOf(option: unknown): { after?: string } {
  return option === undefined ? {} : { after: String(option) };
}
