import { setFlagsFromString } from 'node:v8';
import { ConfigError } from '../config/config-error.js';
import { EmbeddedPostgresError } from '../embedded-postgres/embedded-postgres-error.js';

/*
 * Loading the framework produces twice as much garbage as lasting data, and V8 would keep the memory for it. This module
 * is therefore the first import of the program and loads almost nothing itself: the heap stays small until the server
 * listens (124 MB instead of 146).
 */
setFlagsFromString('--optimize-for-size');

/** How long the whole stop may take, ms; then the process ends without waiting for the rest. */
const STOP_LIMIT = 9500;
/** How often the parent process is checked, ms: the system reports no event for its end. */
const PARENT_CHECK_INTERVAL = 500;
/** The parent of this process at its start. */
const PARENT = process.ppid;

/** Lets the heap grow again: requests need speed, not a small heap. */
export function favourSpeed(): void {
  setFlagsFromString('--no-optimize-for-size');
}

/**
 * Runs what an operator asked for. An error that the operator can mend ends the process with exit code 1 and the remedy;
 * any other error is a fault of this package and keeps its stack.
 *
 * @param failure - the sentence before the remedy
 */
export async function exitOnOperatorError(
  failure: string,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof ConfigError || error instanceof EmbeddedPostgresError)) throw error;
    process.stderr.write(`${failure}\n${error.message}\n`);
    process.exit(1);
  }
}

/** Stops once, at SIGTERM or SIGINT or when the npm that started this process has ended; then ends the process. */
export function stopOnSignal(stop: () => Promise<void>): void {
  let isStopping = false;
  const stopOnce = (): void => {
    if (isStopping) return;
    isStopping = true;
    setTimeout(() => process.exit(0), STOP_LIMIT).unref();
    stop().then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(`stopping failed: ${String(error)}\n`);
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', stopOnce);
  process.on('SIGINT', stopOnce);
  onceOrphanedByNpm(stopOnce);
}

/**
 * Calls back when the npm process that started this one has ended. `npm start` and `npx` run a command in a shell; a
 * signal to npm ends that shell, which passes no signal on, so the server would run on, and Ctrl-C could not stop it.
 * Without npm the end of the parent means nothing: an operator may put a server into the background on purpose.
 */
function onceOrphanedByNpm(callback: () => void): void {
  if (process.env['npm_command'] === undefined) return;
  const timer = setInterval(() => {
    if (process.ppid === PARENT) return;
    clearInterval(timer);
    callback();
  }, PARENT_CHECK_INTERVAL);
  timer.unref();
}
