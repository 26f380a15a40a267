import { openBrowser } from '../browser.ts';
import { dataFolder } from '../folders.ts';
import { startRun, type Run } from '../run.ts';
import { scenarioNames } from '../scenario.ts';
import { onInterrupt } from '../signals.ts';

export type DevOptions = { portBase: number; verbose: boolean; open: boolean };

/** Runs Nightshift and the demo shop until Ctrl-C. Returns the exit code. */
export async function dev(options: DevOptions): Promise<number> {
  const screen = (text: string) => void process.stdout.write(`${text}\n`);
  const interruption = onInterrupt(screen);
  const startedAt = performance.now();
  const run = await startRun({
    dir: dataFolder(process.env),
    ...options,
    screen,
    env: process.env,
    signal: interruption.signal,
  }).catch((error: unknown) => {
    if (interruption.signal.aborted) return null;
    throw error;
  });
  if (!run) return 0;
  screen(welcome(run, performance.now() - startedAt));
  if (options.open) openBrowser(loginLink(run));
  await interruption.wait();
  await run.stop();
  screen('stopped');
  return 0;
}

const loginLink = ({ system }: Run) =>
  `${system.urls.console}/login?token=${encodeURIComponent(system.secrets.console)}`;

function welcome(run: Run, tookMs: number): string {
  const { urls, secrets } = run.system;
  const curl = (path: string, body: string) =>
    `  curl -X POST ${urls.ingest}${path} -H 'authorization: Bearer ${secrets.ingest}' \\\n    -H 'content-type: application/json' -d ${body}`;
  return `
Nightshift runs (started in ${(tookMs / 1_000).toFixed(1)} s)

  Console      ${loginLink(run)}
  Bull Board   ${urls.console}/queues/
  Ingest       ${urls.ingest}   (API: ${urls.ingest}/openapi.json)
  Demo shop    ${urls.shop}
  Token        ${secrets.console}   (console)
  Database     ${run.ground.where}
  Logs         ${run.dir}/logs

Push a metric:
${curl('/v1/samples', `"{\\"samples\\":[{\\"name\\":\\"http_error_ratio\\",\\"value\\":0.01,\\"timestamp\\":$(date +%s)000,\\"labels\\":{\\"service\\":\\"checkout\\"}}]}"`)}
Report a deployment:
${curl('/v1/deployments', `'{"service":"checkout","version":"v42","previousVersion":"v41"}'`)}
Break the shop, on the console's page or with:
  npm run nightshift -- fault bad-deploy    (or ${scenarioNames.slice(1).join(', ')})

Ctrl-C stops everything.`;
}
