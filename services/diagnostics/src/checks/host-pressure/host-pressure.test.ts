import { describe, expect, it } from 'vitest';
import { context } from '../../stand-ins.ts';
import { hostPressure, judge, type Reading } from './host-pressure.ts';

const calm: Reading = {
  stat: 'cpu  100 0 50 800 50 0 0 0 0 0\ncpu0 50 0 25 400 25 0 0 0 0 0\ncpu1 50 0 25 400 25 0 0 0 0 0\n',
  later: 'cpu  110 0 60 960 70 0 0 0 0 0\n',
  meminfo:
    'MemTotal:       8000000 kB\nMemFree: 1 kB\nMemAvailable:    4000000 kB\nSwapTotal:       1000000 kB\nSwapFree:         750000 kB\n',
  loadavg: '1.00 2.00 3.00 1/200 999\n',
  psi: { cpu: 'some avg10=3.50 avg60=0 avg300=0 total=1\n', memory: '', io: 'some avg10=0.00 avg60=0\n' },
};

describe('host_pressure', () => {
  it('reads this machine', async ({ skip }) => {
    if (process.platform !== 'linux') skip('this machine has no /proc');
    const { facts } = await hostPressure.run(context({ subject: { id: 'here', kind: 'host', actions: [] } }));
    expect(facts.cpus).toBeGreaterThan(0);
    expect(facts.memoryTotalBytes).toBeGreaterThan(facts.memoryAvailableBytes!);
    expect(facts.cpuPercent).toBeGreaterThanOrEqual(0);
  });

  it('counts as the kernel documents it', () => {
    expect(judge(calm, 8)).toMatchObject({
      status: 'ok',
      facts: {
        cpus: 2,
        cpuPercent: 10,
        loadPerCpu: 0.5,
        memoryUsedPercent: 50,
        swapUsedPercent: 25,
        cpuStalledPercent: 3.5,
        memoryStalledPercent: null,
        ioStalledPercent: 0,
      },
    });
  });

  it.each([
    ['memory is 97.5% used', { meminfo: calm.meminfo.replace('4000000 kB', '200000 kB') }],
    ['tasks wait for memory 40% of the time', { psi: { ...calm.psi, memory: 'some avg10=40.00 avg60=1\n' } }],
    ['tasks wait for disks 30% of the time', { psi: { ...calm.psi, io: 'some avg10=30.00 avg60=1\n' } }],
    ['100% busy', { later: 'cpu  290 0 60 800 50 0 0 0 0 0\n', loadavg: '9.00 1 1 1/1 1\n' }],
  ])('is degraded: %s', (words, change) => {
    const { status, output } = judge({ ...calm, ...change }, 8);
    expect(status).toBe('degraded');
    expect(output).toContain(words);
  });

  it('is unknown where the machine does not say (defect 22)', () => {
    expect(judge({ ...calm, meminfo: '' }, 8).status).toBe('unknown');
    expect(judge({ ...calm, later: calm.stat }, 8).facts.cpuPercent).toBeNull();
  });
});
