/** All commands of `longmen`, in the order its help shows them. */
import type { RegisterCommand } from '../command.ts';
import { bookCommand } from './book.ts';
import { configCommand } from './config.ts';
import { decideCommand } from './decide.ts';
import { exportCommand } from './export.ts';
import { importCommand } from './import.ts';
import { migrateCommand } from './migrate.ts';
import { processCommand } from './process.ts';
import { startCommand } from './start.ts';
import { tokenCommand } from './token.ts';
import { verifyCommand } from './verify.ts';

export const commands: readonly RegisterCommand[] = [
  startCommand,
  configCommand,
  migrateCommand,
  tokenCommand,
  bookCommand,
  importCommand,
  exportCommand,
  verifyCommand,
  decideCommand,
  processCommand,
];
