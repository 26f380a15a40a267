/** What the demo tells Nightshift must be what Nightshift understands, and fit what the shop and the runbooks do. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { loadYaml, valueOf } from '@nightshift/runtime';
import { Catalogue, DetectionConfig, OnCall, Runbook } from '@nightshift/types';
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { root } from './folders.ts';

const load = async <T extends z.ZodType>(file: string, schema: T): Promise<z.infer<T>> =>
  valueOf(await loadYaml(join(root, 'infra', file), schema));
const catalogue = () => load('shop/config/catalogue.yaml', Catalogue);

describe("the demo's configuration", () => {
  it('names who is told', async () => {
    const oncall = await load('shop/config/oncall.yaml', OnCall);
    expect(oncall.policies[0]!.levels.length).toBeGreaterThan(1);
  });
  it('allows exactly the remedies that the scenarios need', async () => {
    const { services } = await catalogue();
    const allowed = services.flatMap((service) => service.targets.flatMap((target) => target.actions));
    expect(allowed).toEqual(['restart_service', 'rollback_deploy', 'scale_up', 'clear_cache']);
  });
  it('waits for five seconds and five samples of recovery', async () => {
    const { recovery } = await load('shop/config/detection.yaml', DetectionConfig);
    expect(recovery).toEqual({ holdSeconds: 5, minSamples: 5, withinSeconds: 20 });
  });
  it('judges nothing that merely shows how busy the machine is', async () => {
    const { rules } = await load('shop/config/detection.yaml', DetectionConfig);
    const rule = (metric: string) => rules.find((each) => each.metric === metric);
    for (const metric of ['process_cpu_ratio', 'event_loop_delay_p95_ms', 'orders_per_second', 'requests_per_second']) {
      expect(rule(metric)?.judge, metric).toBe(false);
    }
    expect(rule('http_latency_p95_ms')?.minEffect).toBeGreaterThanOrEqual(2_000);
  });
  it.each(readdirSync(join(root, 'infra/runbooks')).filter((file) => file.endsWith('.yaml')))(
    '%s is a runbook',
    async (file) => {
      await load(`runbooks/${file}`, Runbook);
    },
  );
});
