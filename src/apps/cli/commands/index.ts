/** All commands of `longmen`, in the order its help shows them. */
import type { RegisterCommand } from '../command.ts';
import { archiveCommand } from './archive.ts';
import { auditCommand } from './audit.ts';
import { backupCommand } from './backup.ts';
import { bookCommand } from './book.ts';
import { chartCommand } from './chart.ts';
import { configCommand } from './config.ts';
import { customerCommand } from './customer.ts';
import { decideCommand } from './decide.ts';
import { entityCommand } from './entity.ts';
import { evidenceCommand } from './evidence.ts';
import { exportCommand } from './export.ts';
import { importCommand } from './import.ts';
import { migrateCommand } from './migrate.ts';
import { periodCommand } from './period.ts';
import { processCommand } from './process.ts';
import { reportCommand } from './report.ts';
import { restoreCommand } from './restore.ts';
import { retentionCommand } from './retention.ts';
import { secretsCommand } from './secrets.ts';
import { evaluateCommand, simulateCommand } from './simulate.ts';
import { staffCommand } from './staff.ts';
import { startCommand } from './start.ts';
import { templateCommand } from './template.ts';
import { tokenCommand } from './token.ts';
import { verifyCommand } from './verify.ts';

export const commands: readonly RegisterCommand[] = [
  startCommand,
  configCommand,
  migrateCommand,
  staffCommand,
  tokenCommand,
  secretsCommand,
  bookCommand,
  entityCommand,
  chartCommand,
  periodCommand,
  customerCommand,
  importCommand,
  simulateCommand,
  evaluateCommand,
  templateCommand,
  reportCommand,
  exportCommand,
  verifyCommand,
  evidenceCommand,
  auditCommand,
  backupCommand,
  restoreCommand,
  retentionCommand,
  archiveCommand,
  decideCommand,
  processCommand,
];
