/** How often to look, ms: there is no event for it. */
const INTERVAL = 500;
/** Whose child this process was when it began. */
const PARENT = process.ppid;

/**
 * Calls back when the process that npm started this one from is gone. `npm start` and `npx` run a command in a shell,
 * and a signal to npm ends the shell, which passes nothing on: the server would go on without anybody who could stop it.
 * Where npm is not involved a parent may go as it likes; who puts a server into the background means it.
 */
export function onceOrphanedByNpm(callback: () => void): void {
  if (process.env['npm_command'] === undefined) return;
  const timer = setInterval(() => {
    if (process.ppid === PARENT) return;
    clearInterval(timer);
    callback();
  }, INTERVAL);
  timer.unref();
}
