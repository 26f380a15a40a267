import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { House } from '../ground/house.ts';
import { valueOf, type Trial } from './trials.ts';

/** Where everything ends: the receiver of pages, actions and alerts, and the target that Prometheus scrapes. */
export async function startListener(house: House, trials: () => Trial[]): Promise<{ url: string; port: number }> {
  const find = (service: unknown) => trials().find((trial) => trial.service === service);
  const mark = (service: unknown, field: 'actionAt' | 'pageAt' | 'alertAt') => {
    const trial = find(service);
    if (trial?.flipped) trial[field] ??= performance.now();
  };
  const server = createServer((request, response) => {
    const arrived = request.url ?? '';
    if (arrived === '/metrics') {
      return void response.setHeader('content-type', 'text/plain; version=0.0.4').end(exposition(trials()));
    }
    read(request).then(
      (body) => {
        if (arrived === '/page') mark((body as { data?: { service?: string } }).data?.service, 'pageAt');
        else if (arrived.startsWith('/act/')) mark(arrived.slice('/act/'.length), 'actionAt');
        else
          for (const { labels, status } of (body as Alerts).alerts)
            if (status === 'firing') mark(labels['service'], 'alertAt');
        response.end();
      },
      () => response.writeHead(400).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  house.onClose(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { port, url: `http://127.0.0.1:${port}` };
}

type Alerts = { alerts: { labels: Record<string, string>; status: string }[] };

async function read(request: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) text += chunk as string;
  return text === '' ? {} : JSON.parse(text);
}

function exposition(trials: Trial[]): string {
  const lines = trials.flatMap((trial, i) =>
    trial.metrics.map((metric) => `${metric}{service="${trial.service}"} ${valueOf(trial, i)}`),
  );
  return `${lines.sort().join('\n')}\n`;
}
