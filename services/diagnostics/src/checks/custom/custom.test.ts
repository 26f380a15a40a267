import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CustomCheck } from '@nightshift/types';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runChecks } from '../../run-checks.ts';
import { context } from '../../stand-ins.ts';
import { custom } from './custom.ts';

let folder: string;
let program: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nightshift-custom-'));
  program = join(folder, 'check');
});
afterAll(() => rm(folder, { recursive: true }));

const facts = { stuck: 'number', oldest: 'string', paused: 'boolean' } as const;
const subjectOf = (given: object) => ({
  kind: 'custom' as const,
  id: 'shop',
  custom: CustomCheck.parse({ id: 'stuck_orders', title: 'Orders that do not move', facts, ...given }),
});
const runProgram = async (script: string, signal?: AbortSignal) => {
  await writeFile(program, `#!/bin/sh\n${script}\n`);
  await chmod(program, 0o755);
  const subject = subjectOf({ command: [program, 'one; two'] });
  return custom.run(context({ subject, commands: new Set([program]), ...(signal && { signal }) }));
};

describe('a check of one’s own', () => {
  it('answers JSON over HTTP; facts are those that it declared, of the types that it declared', async () => {
    let token: string | undefined;
    const answer = { status: 'degraded', facts: { stuck: 7, oldest: 8, other: 'x' }, output: '7 orders are stuck' };
    const server = createServer((request, response) => {
      token = request.headers.authorization;
      response.end(JSON.stringify(answer));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const env = { CHECK_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, CHECK_TOKEN: 'canary' };
    const subject = subjectOf({ urlEnv: 'CHECK_URL', tokenEnv: 'CHECK_TOKEN' });
    const [result] = await runChecks({
      checks: [custom],
      subjects: [subject],
      surroundings: context({ subject, env }),
      deadlineMs: 5_000,
      signal: new AbortController().signal,
    });
    server.closeAllConnections();
    server.close();
    expect(token).toBe('Bearer canary');
    expect(result).toMatchObject({ check: 'custom.stuck_orders', target: 'shop', status: 'degraded' });
    expect(result!.facts).toEqual({ stuck: 7, oldest: null, paused: null });
  });

  it('may be a command that prints JSON', async () => {
    expect(await runProgram(`echo '{"status":"down","facts":{"stuck":3},"output":"no"}'`)).toMatchObject({
      status: 'down',
      facts: { stuck: 3 },
    });
  });

  it.each([
    [0, 'ok'],
    [1, 'degraded'],
    [2, 'down'],
    [3, 'unknown'],
    [77, 'unknown'],
  ])('may be a Nagios plugin: exit code %i is %s', async (code, status) => {
    const finding = await runProgram(`echo "ORDERS - 5 stuck | 'stuck'=5;10;20 size=3.5MB"; exit ${code}`);
    expect(finding.status).toBe(status);
    if (code < 4) expect(finding).toMatchObject({ output: 'ORDERS - 5 stuck', facts: { stuck: 5 } });
  });

  it('defect 23: gets its arguments as they are, through no shell, and nothing of our environment', async () => {
    process.env['CANARY_SECRET'] = 'canary';
    const finding = await runProgram('echo "$1 $(env) $#"');
    delete process.env['CANARY_SECRET'];
    expect(finding.output).toMatch(/^one; two .*1$/s);
    expect(finding.output).not.toContain('canary');
  });

  it('is not run where its program is not allowed', async () => {
    const subject = subjectOf({ command: ['/bin/sh', '-c', 'reboot'] });
    await expect(custom.run(context({ subject }))).rejects.toThrow('/bin/sh is not allowed here');
  });

  it('is stopped with all its children at the deadline, or when it prints without end (defect 20)', async () => {
    const marker = join(folder, 'children');
    await expect(runProgram(`sleep 300 & echo $! > ${marker}; sleep 300`, AbortSignal.timeout(400))).rejects.toThrow();
    const child = Number(await readFile(marker, 'utf8'));
    await expect.poll(() => isAlive(child)).toBe(false);
    expect((await runProgram('yes')).output).toContain('more than a mebibyte');
  });
});

/** A zombie is none: whoever adopts orphans here may not bury them. */
async function isAlive(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  return stat !== null && !/\) Z /.test(stat);
}
