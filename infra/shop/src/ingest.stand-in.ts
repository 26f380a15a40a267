import http from 'node:http';
import type { Sample } from './pusher.ts';

export type StandIn = {
  url: string;
  samples: Sample[];
  deployments: Record<string, unknown>[];
  /** Status of the next answers, in order; then 202. */
  answers: number[];
  close(): Promise<void>;
};

/** For tests: something that takes samples and deployments the way ingest does. */
export async function startIngest(port = 0): Promise<StandIn> {
  const state = { samples: [] as Sample[], deployments: [] as Record<string, unknown>[], answers: [] as number[] };
  const server = http.createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      const status = state.answers.shift() ?? 202;
      if (status < 300) {
        const body = JSON.parse(text) as { samples?: Sample[] };
        if (body.samples) state.samples.push(...body.samples);
        else state.deployments.push(body as Record<string, unknown>);
      }
      response.writeHead(status, status === 503 ? { 'retry-after': '0' } : {}).end('{}');
    });
  });
  await new Promise<void>((listening) => server.listen(port, '127.0.0.1', listening));
  const bound = server.address() as { port: number };
  return {
    ...state,
    url: `http://127.0.0.1:${bound.port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}
