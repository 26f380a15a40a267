import { setTimeout as pause } from 'node:timers/promises';
import type { House } from '../ground/house.ts';
import { valueOf, type Trial } from './trials.ts';

/** Pushes the signals of services as an application does: in JSON, over one kept connection. */
export type Sender = ReturnType<typeof openSender>;

const everyMs = 1_000;
const lessons = 60;
const samplesPerPush = 8_000;

export function openSender(house: House, port: number, token: string) {
  let index = 0;
  const post = async (samples: object[]) => {
    const response = await fetch(`http://127.0.0.1:${port}/v1/samples`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
      body: JSON.stringify({ samples }),
    });
    const text = await response.text();
    if (response.status !== 202) throw new Error(`/v1/samples answered ${response.status}: ${text.slice(0, 500)}`);
  };
  const samplesAt = (trials: Trial[], timestamp: number) => {
    index += 1;
    return trials.flatMap((trial) =>
      trial.metrics.map((name) => ({
        name,
        value: valueOf(trial, index),
        timestamp,
        labels: { service: trial.service },
      })),
    );
  };
  return {
    push: (trials: Trial[]) => post(samplesAt(trials, Date.now())),
    /** A minute of healthy samples, one a second until now. */
    async teach(trials: Trial[]) {
      const end = Date.now() - everyMs;
      const samples = Array.from({ length: lessons }, (_, i) =>
        samplesAt(trials, end - (lessons - i) * everyMs),
      ).flat();
      for (let i = 0; i < samples.length; i += samplesPerPush) await post(samples.slice(i, i + samplesPerPush));
      await pause(3_000, undefined, { signal: house.signal }); // until they are judged
    },
    /** Returns what stops it. */
    pushEachSecond(trials: Trial[]): () => Promise<void> {
      let stopped = false;
      const running = (async () => {
        for (let next = performance.now(); !stopped; next += everyMs) {
          await post(samplesAt(trials, Date.now()));
          await pause(Math.max(0, next + everyMs - performance.now()));
        }
      })();
      running.catch((error: unknown) => house.say(`the sender failed: ${String(error)}`));
      return async () => {
        stopped = true;
        await running;
      };
    },
  };
}
