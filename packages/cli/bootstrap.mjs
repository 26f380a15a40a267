/**
 * What `npm start`, `npm run demo` and `npm test` run: from a bare clone with nothing but Node and npm to the running
 * command. It installs and builds only what changed, says so on stderr (stdout belongs to the command), and then runs the
 * command inside this very process, so that signals and exit codes need no forwarding.
 * Plain JavaScript without dependencies, and old syntax: it has to start on a Node that is too old, to be able to say so.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const minimumNode = [20, 19];
/** sysexits.h: 69 = something we need is unavailable, 70 = our own fault, 78 = the machine is set up wrongly. */
const exitCodes = { unavailable: 69, broken: 70, setup: 78 };

function say(sentence) {
  process.stderr.write('nightshift: ' + sentence + '\n');
}

function giveUp(sentence, exitCode) {
  say(sentence);
  process.exit(exitCode);
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > minimumNode[0] || (major === minimumNode[0] && minor >= minimumNode[1])) return;
  giveUp(
    'this is Node ' +
      process.versions.node +
      ' and Nightshift needs ' +
      minimumNode.join('.') +
      ' or newer. ' +
      'Install a newer Node and run the same command again.',
    exitCodes.setup,
  );
}

/** Runs a tool with its output on stderr. Ends this process with the tool's signal if it was stopped by one. */
function run(command, args, cwd) {
  const { status, signal, error } = spawnSync(command, args, {
    cwd: cwd || root,
    stdio: ['ignore', 2, 2],
  });
  if (signal) process.kill(process.pid, signal);
  if (error) say(command + ' could not be started: ' + error.message);
  return status;
}

/** pnpm keeps the lockfile it installed from beside the packages: equal means there is nothing to do. */
function isInstalled() {
  const installed = join(root, 'node_modules/.pnpm/lock.yaml');
  if (!existsSync(join(root, 'node_modules/.modules.yaml')) || !existsSync(installed)) return false;
  return readFileSync(installed).equals(readFileSync(join(root, 'pnpm-lock.yaml')));
}

function install() {
  if (isInstalled()) return;
  const pnpm = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).packageManager;
  say('installing packages with ' + pnpm + ' (the first time takes a minute) ...');
  const args = ['--yes', pnpm, 'install', '--frozen-lockfile', '--config.confirmModulesPurge=false'];
  if (run('npx', args) === 0) return;
  giveUp(
    'the packages could not be installed; the reason is above. Check that the npm registry can be reached and that ' +
      root +
      ' can be written to, then run the same command again.',
    exitCodes.unavailable,
  );
}

function build() {
  if (!existsSync(join(root, 'packages/cli/dist/main.js'))) say('building (the first time takes some seconds) ...');
  if (run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-b']) === 0) return;
  giveUp('the build failed; the errors are above.', exitCodes.broken);
}

function newestMtimeMs(path) {
  const entry = statSync(path);
  if (!entry.isDirectory()) return entry.mtimeMs;
  return readdirSync(path).reduce((newest, name) => Math.max(newest, newestMtimeMs(join(path, name))), 0);
}

/** Builds the console's web page when one of its sources is newer than the last build. */
function buildPage() {
  const room = join(root, 'services/console');
  const sources = ['web', 'vite.config.ts', 'package.json'].map((name) => join(room, name)).filter(existsSync);
  if (!existsSync(join(room, 'web'))) return;
  const stamp = join(room, 'dist/.page-built');
  if (existsSync(stamp) && statSync(stamp).mtimeMs >= Math.max(...sources.map(newestMtimeMs))) return;
  say('building the web page ...');
  const config = ['vite.config.ts', 'web/vite.config.ts'].find((name) => existsSync(join(room, name)));
  const vite = join(room, 'node_modules/vite/bin/vite.js');
  if (
    run(process.execPath, [vite, 'build', '--logLevel', 'warn'].concat(config ? ['--config', config] : []), room) !== 0
  ) {
    giveUp('the web page could not be built; the errors are above.', exitCodes.broken);
  }
  writeFileSync(stamp, '');
}

/**
 * Signals reach us through npm, because the scripts of package.json `exec` us in the shell's place. A killed npm sends none:
 * when our parent is gone, we end as if we had been told to.
 */
function endWithNpm() {
  if (!process.env.npm_lifecycle_event) return;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    process.kill(process.pid, 'SIGTERM');
  }, 250);
  timer.unref();
}

/** Becomes the command: same process, as if `node script args` had been called. */
function become(script, args) {
  process.argv = [process.execPath, join(root, script)].concat(args);
  return import(pathToFileURL(join(root, script)).href);
}

checkNode();
endWithNpm();
install();
build();
buildPage();
const [command, ...args] = process.argv.slice(2);
if (command === 'test') {
  process.chdir(root);
  void become('node_modules/vitest/vitest.mjs', ['run', ...args]);
} else if (command === 'prepare') {
  say('ready.');
} else {
  void become('packages/cli/dist/main.js', command ? [command, ...args] : []);
}
