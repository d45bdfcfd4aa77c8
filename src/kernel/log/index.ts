/**
 * Structured logs: one JSON object per line on standard error, without credentials, personal data or message bodies.
 *
 * Log facts under whole-word keys and a constant message: `log.info({ book, transfers: 3 }, 'posted')`. A key that says
 * `name` is hidden by rule, so call technical things by what they are: `job`, `consumer`, `migration`.
 */
import { type DestinationStream, type Logger, pino } from 'pino';
import { redactRecord, scrubLine } from './redact.ts';

export { isSensitiveKey, REDACTED } from './redact.ts';

/** The logger of a process. `debug`, `info`, `warn`, `error` take an object of facts and a constant message. */
export type Log = Logger;

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/**
 * Makes the logger of a process.
 *
 * @param level lines below it cost next to nothing and are not written
 * @param destination where lines go; standard error unless given. It is written synchronously, so that the last line
 *   before a crash is not lost.
 */
export function createLog(
  level: LogLevel = 'info',
  destination: DestinationStream = pino.destination({ fd: 2, sync: true }),
): Log {
  const asIs = (value: unknown) => value;
  const log = pino(
    {
      level,
      base: { pid: process.pid },
      messageKey: 'message',
      timestamp: pino.stdTimeFunctions.isoTime,
      // Redaction has already flattened errors, so that nothing is left for the usual serializers to do.
      serializers: { err: asIs, req: asIs, res: asIs },
      formatters: {
        level: (label) => ({ level: label }),
        log: redactRecord,
      },
      hooks: {
        logMethod(args, method) {
          const [first, second] = args as unknown[];
          // Without a message of the caller's own, pino would take that of the error, past redaction.
          if (first instanceof Error) method.call(this, { err: first }, typeof second === 'string' ? second : 'error');
          else if (isRecordOfError(first) && second === undefined) method.call(this, first, 'error');
          else method.apply(this, args);
        },
        streamWrite: scrubLine,
      },
    },
    destination,
  );
  // Pino formats the bindings of its first logger only; children inherit this method, so all of theirs pass redaction.
  const child = log.child;
  log.child = function (this: Log, bindings, options) {
    return child.call(this, redactRecord(bindings), options);
  } as typeof log.child;
  return log;
}

function isRecordOfError(value: unknown): value is { err: Error } {
  return typeof value === 'object' && value !== null && 'err' in value && value.err instanceof Error;
}
