import { z } from 'zod';
import { scheduleLimits } from './limits.ts';
import { ExactName } from './name.ts';

/** `person` is on duty from `startsAt` until `endsAt` (epoch ms): in the place of one person, or of everybody (null). */
export const NewOverride = z
  .strictObject({
    schedule: ExactName,
    person: ExactName,
    insteadOf: ExactName.nullable().default(null),
    startsAt: z.number().int().positive(),
    endsAt: z.number().int().positive(),
    reason: z.string().trim().min(1, 'say why').max(500),
  })
  .refine(({ person, insteadOf }) => person !== insteadOf, { path: ['insteadOf'], message: 'must be somebody else' })
  .refine(({ startsAt, endsAt }) => endsAt > startsAt, { path: ['endsAt'], message: 'must be after the start' })
  .refine(({ startsAt, endsAt }) => endsAt - startsAt <= scheduleLimits.horizonMs, {
    path: ['endsAt'],
    message: 'must be at most 400 days after the start',
  });
export type NewOverride = z.infer<typeof NewOverride>;

export type OnCallOverride = NewOverride & {
  id: number;
  by: string;
  createdAt: number;
  /** Overrides of one exchange have the same; they count together or not at all. */
  exchange: number;
  /** Who has to agree before it counts; null: nobody. */
  needs: string | null;
  agreedAt: number | null;
  endedAt: number | null;
  endedBy: string | null;
};
