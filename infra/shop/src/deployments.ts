import { service } from './samples.ts';
import type { Deployment } from './supervisor.ts';

const tries = 20;
const pauseMs = 500;

/** Tells ingest of a deployment, as a delivery pipeline would. Tries for ten seconds; then the deployment stays unreported, and it says so. */
export async function reportDeployment(
  options: { url: string; token: string; log: (message: string) => void },
  deployment: Deployment,
): Promise<void> {
  for (let attempt = 1; attempt <= tries; attempt++) {
    const refused = await send(options, deployment);
    if (refused === null) return;
    if (refused !== 'again') return options.log(`ingest refused the deployment of ${deployment.version}: ${refused}`);
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  options.log(`the deployment of ${deployment.version} could not be reported`);
}

async function send(options: { url: string; token: string }, deployment: Deployment): Promise<string | null> {
  try {
    const response = await fetch(`${options.url}/v1/deployments`, {
      method: 'POST',
      headers: { authorization: `Bearer ${options.token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ service, ...deployment, by: 'delivery pipeline' }),
      signal: AbortSignal.timeout(3_000),
    });
    const text = await response.text();
    if (response.ok) return null;
    return response.status === 429 || response.status >= 500 ? 'again' : `${response.status} ${text.slice(0, 300)}`;
  } catch {
    return 'again';
  }
}
