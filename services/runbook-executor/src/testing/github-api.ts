/** A stand-in for GitHub's REST API, as far as dispatching a workflow needs it. It checks headers, token, inputs and the rate it is asked at. */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { close, listen } from './control-api.ts';

type Run = { id: number; display_title: string; html_url: string; status: string; conclusion: string | null };
type Reply = { status: number; body?: object; headers?: Record<string, string> };

export type GithubApi = {
  url: string;
  token: string;
  runs: Run[];
  dispatched: { ref: string; inputs: Record<string, string> }[];
  workflow: { state: string; sha: string };
  /** The workflow's run-name. */
  runName(inputs: Record<string, string>): string;
  /** How a run goes on each time that it is looked at; the last one stays. */
  course: [status: string, conclusion: string | null][];
  /** Answers the next requests of this method in this way instead. */
  tricks: { method: string; reply: Reply | 'hang_up' | 'hang_up_after' }[];
  asked: string[];
  unexpected: string[];
  close(): Promise<void>;
};

const token = 'canary-github-token';
const repository = '/repos/acme/shop';
const workflow = `${repository}/actions/workflows/restart.yml`;

export async function startGithubApi(): Promise<GithubApi> {
  const runs: Run[] = [];
  const api: GithubApi = {
    url: '',
    token,
    runs,
    dispatched: [],
    workflow: { state: 'active', sha: 'sha-1' },
    runName: (inputs) => `restart ${inputs['nightshift_id'] ?? ''}`,
    course: [['completed', 'success']],
    tricks: [],
    asked: [],
    unexpected: [],
    close: () => close(server),
  };

  const advance = (run: Run) => {
    const [status, conclusion] = api.course.length > 1 ? api.course.shift()! : api.course[0]!;
    return Object.assign(run, { status, conclusion });
  };
  function dispatch(body: { ref: string; inputs: Record<string, string> }): Reply {
    if (body.ref !== 'main') return { status: 422, body: { message: `No ref found for: ${body.ref}` } };
    const extra = Object.keys(body.inputs).filter((name) => name !== 'nightshift_id' && name !== 'version');
    if (extra.length > 0)
      return { status: 422, body: { message: `Unexpected inputs provided: ${JSON.stringify(extra)}` } };
    api.dispatched.push(body);
    const id = 100 + runs.length;
    const display_title = api.runName(body.inputs);
    runs.unshift({
      id,
      display_title,
      html_url: `https://github.example/runs/${id}`,
      status: 'queued',
      conclusion: null,
    });
    return { status: 204 };
  }
  function reply(method: string, url: URL, body: unknown): Reply {
    const { pathname: path, searchParams: query } = url;
    if (method === 'POST' && path === `${workflow}/dispatches`) return dispatch(body as never);
    if (method !== 'GET') return unexpected(`${method} ${path}`);
    if (path === workflow)
      return { status: 200, body: { path: '.github/workflows/restart.yml', state: api.workflow.state } };
    if (path === `${repository}/contents/.github/workflows/restart.yml`)
      return query.get('ref') === 'main' ? { status: 200, body: { sha: api.workflow.sha } } : notFound;
    if (path === `${workflow}/runs` && query.get('event') === 'workflow_dispatch')
      return {
        status: 200,
        body: { workflow_runs: runs.map((run) => (run.status === 'completed' ? run : advance(run))) },
      };
    const run = runs.find(({ id }) => path === `${repository}/actions/runs/${id}`);
    if (run) return { status: 200, body: advance(run) };
    return path.startsWith(`${repository}/actions/workflows/`) ? notFound : unexpected(`GET ${path}`);
  }
  const unexpected = (what: string): Reply => (api.unexpected.push(what), { status: 400, body: { message: what } });

  async function answer(request: IncomingMessage): Promise<Reply | 'hang_up'> {
    const url = new URL(request.url!, 'http://x');
    const method = request.method!;
    const body = await read(request);
    api.asked.push(`${method} ${url.pathname}`);
    const { accept, authorization, 'user-agent': agent, 'x-github-api-version': version } = request.headers;
    if (authorization !== `Bearer ${token}`) return { status: 401, body: { message: 'Bad credentials' } };
    if (accept !== 'application/vnd.github+json' || version !== '2022-11-28' || !agent)
      return unexpected('its headers');
    const nth = api.tricks.findIndex((each) => each.method === method);
    const [trick] = nth < 0 ? [] : api.tricks.splice(nth, 1);
    if (trick && typeof trick.reply === 'object') return trick.reply;
    if (trick?.reply === 'hang_up') return 'hang_up';
    const result = reply(method, url, body);
    return trick ? 'hang_up' : result;
  }

  const server = createServer((request, response) => {
    const judged = answer(request).catch((error: unknown) => unexpected(String(error)));
    void judged.then((result) => {
      if (result === 'hang_up') return request.socket.destroy();
      return response.writeHead(result.status, result.headers).end(result.body && JSON.stringify(result.body));
    });
  });
  await listen(server);
  api.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return api;
}

const notFound: Reply = { status: 404, body: { message: 'Not Found' } };

async function read(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return chunks.length === 0 ? null : JSON.parse(Buffer.concat(chunks).toString());
}
