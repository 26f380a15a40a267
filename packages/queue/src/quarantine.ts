import { errorMessage, type JobName } from '@nightshift/types';
import type { Job, Queue as BullQueue } from 'bullmq';

/** What lies in the quarantine queue: everything a person needs to judge the job and to send it again. */
export type QuarantineRecord = {
  queue: string;
  job: string;
  id: string;
  payload: unknown;
  /** The payload was too large to keep whole: `payload` is the beginning of its JSON. */
  payloadCut?: true;
  reason: 'attempts used up' | 'invalid payload' | 'kills its worker';
  error: string;
  stack: string;
  attempts: number;
  /** How often a worker began it; more than `attempts` if workers died over it. */
  starts: number;
  /** How often a job of this id came here. */
  times: number;
  sentAt: number;
  quarantinedAt: number;
};

/** Bounds: the store of the queue must not fill up with what nobody looks at. The oldest go first. */
const maxRecords = 200;
const maxPayloadChars = 512 * 1024;
const maxErrorChars = 4_000;

/**
 * Puts a job aside, under an id that is the same each time: a repeat replaces the record and counts. The caller removes the original
 * only afterwards, so that a death in between loses nothing. Throws if the store is out of reach.
 */
export async function quarantine(
  board: BullQueue,
  name: JobName,
  job: Job,
  why: { reason: QuarantineRecord['reason']; error: unknown },
): Promise<void> {
  const jobId = `${job.queueName}-${job.id}`;
  const earlier = await board.getJob(jobId);
  const times = ((earlier?.data as QuarantineRecord | undefined)?.times ?? 0) + 1;
  await earlier?.remove();
  const record: QuarantineRecord = {
    queue: job.queueName,
    job: name,
    id: job.id ?? '',
    ...boundedPayload(job.data),
    reason: why.reason,
    error: storable(errorMessage(why.error)),
    stack: storable(why.error instanceof Error ? (why.error.stack ?? '') : ''),
    attempts: job.attemptsMade + (why.reason === 'attempts used up' ? 1 : 0),
    starts: job.attemptsStarted,
    times,
    sentAt: job.timestamp,
    quarantinedAt: Date.now(),
  };
  await board.add(name, record, { jobId });
  await trim(board);
}

/** Text that every store takes (Postgres refuses NUL and broken surrogates), cut to a bounded length. */
export function storable(text: string): string {
  return text.slice(0, maxErrorChars).replace(/[\0\p{Surrogate}]/gu, '\u{fffd}');
}

function boundedPayload(payload: unknown): Pick<QuarantineRecord, 'payload' | 'payloadCut'> {
  const text = JSON.stringify(payload) ?? 'null';
  return text.length <= maxPayloadChars ? { payload } : { payload: storable(text), payloadCut: true };
}

async function trim(board: BullQueue): Promise<void> {
  const count = await board.getWaitingCount();
  if (count <= maxRecords) return;
  const oldest = await board.getJobs(['waiting'], maxRecords, count - 1); // newest first
  // Another worker may be trimming the same ones.
  await Promise.allSettled(oldest.map((record) => record.remove()));
}
