/** Templates as they are kept. */
import type { Clock } from '#kernel/clock';
import { asSystem } from '#kernel/context';
import type { Queryable, Transaction } from '#kernel/database';
import { shippedTemplates } from './defaults.ts';
import { notificationError } from './errors.ts';
import { checkTemplate, type Template } from './model.ts';

export interface KeptTemplate extends Template {
  /** Whether it is as it was shipped. */
  readonly builtIn: boolean;
  /** RFC 3339, UTC. */
  readonly changedAt: string;
}

interface Row extends Pick<KeptTemplate, 'code' | 'placeholders' | 'urgency' | 'builtIn' | 'changedAt'> {
  readonly titleZh: string;
  readonly titleEn: string;
  readonly bodyZh: string;
  readonly bodyEn: string;
}

const fields = `code, title_zh as "titleZh", title_en as "titleEn", body_zh as "bodyZh", body_en as "bodyEn", placeholders,
  urgency, built_in as "builtIn", changed_at as "changedAt"`;

function templateOf({ titleZh, titleEn, bodyZh, bodyEn, ...row }: Row): KeptTemplate {
  return { ...row, title: { zh: titleZh, en: titleEn }, body: { zh: bodyZh, en: bodyEn } };
}

/** Brings the shipped templates in; those that somebody changed stay. For every start. */
export async function installTemplates(tx: Transaction, clock: Clock): Promise<void> {
  await tx.query(`select pg_advisory_xact_lock(hashtextextended('kernel.notification_template', 0))`);
  for (const template of shippedTemplates) {
    checkTemplate(template);
    await write(tx, template, true, clock, 'where kernel.notification_template.built_in');
  }
}

/**
 * Changes the texts or the urgency of a template; its placeholders are what callers give and stay.
 *
 * @throws `notification_template_not_found`, `notification_template_invalid`
 */
export async function saveTemplate(
  tx: Transaction,
  input: Pick<Template, 'code' | 'title' | 'body' | 'urgency'>,
  clock: Clock,
): Promise<KeptTemplate> {
  const { placeholders } = await readTemplate(tx, input.code);
  const template = { ...input, placeholders };
  checkTemplate(template);
  await asSystem(() => write(tx, template, false, clock, ''));
  return readTemplate(tx, input.code);
}

async function write(
  tx: Transaction,
  template: Template,
  builtIn: boolean,
  clock: Clock,
  where: string,
): Promise<void> {
  await tx.query(
    `insert into kernel.notification_template
       (code, title_zh, title_en, body_zh, body_en, placeholders, urgency, built_in, changed_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
     on conflict (code) do update set title_zh = excluded.title_zh, title_en = excluded.title_en, body_zh = excluded.body_zh,
       body_en = excluded.body_en, placeholders = excluded.placeholders, urgency = excluded.urgency,
       built_in = excluded.built_in, changed_at = excluded.changed_at ${where}`,
    [
      template.code,
      template.title.zh,
      template.title.en,
      template.body.zh,
      template.body.en,
      [...template.placeholders],
      template.urgency,
      builtIn,
      clock.now().toString(),
    ],
  );
}

/** Error: `notification_template_not_found`. */
export async function readTemplate(db: Queryable, code: string): Promise<KeptTemplate> {
  const { rows } = await asSystem(() =>
    db.query<Row>(`select ${fields} from kernel.notification_template where code = $1`, [code]),
  );
  const [row] = rows;
  if (row !== undefined) return templateOf(row);
  throw templateNotFound(code);
}

function templateNotFound(code: string) {
  return notificationError('notification_template_not_found', `There is no template ${code}`, { template: code });
}

/**
 * The texts to use at present: those that are kept, or those that were shipped as long as no server has brought them in.
 * Error: `notification_template_not_found`.
 */
export async function templateInUse(db: Queryable, code: string): Promise<Template> {
  const shipped = shippedTemplates.find((template) => template.code === code);
  const { rows } = await asSystem(() =>
    db.query<Row>(`select ${fields} from kernel.notification_template where code = $1`, [code]),
  );
  const [row] = rows;
  if (row !== undefined) return templateOf(row);
  if (shipped !== undefined) return shipped;
  throw templateNotFound(code);
}

/** All templates, by code. */
export async function listTemplates(db: Queryable): Promise<KeptTemplate[]> {
  const { rows } = await asSystem(() =>
    db.query<Row>(`select ${fields} from kernel.notification_template order by code`),
  );
  return rows.map(templateOf);
}
