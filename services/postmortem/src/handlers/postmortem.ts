import type { Db } from '@nightshift/db';
import { stepIn, type StageHandler } from '@nightshift/lifecycle';
import { writePostmortem } from '../postmortem.ts';
import { lockOwed, readHistory, savePostmortem } from '../store.ts';

/** Writes the postmortem of an incident that is over. Row, event and the end of the job are one transaction: exactly one event per job. */
export const postmortem =
  (parts: { db: Db }): StageHandler =>
  async ({ incident, stage, generation }) => {
    const written = writePostmortem(await readHistory(parts.db, incident));
    await parts.db.tx(async (tx) => {
      if (!(await lockOwed(tx, incident.id, generation))) return;
      const count = written.improvements.length;
      const summary =
        count === 0 ? 'nothing to improve stands out' : `${count} thing${count === 1 ? '' : 's'} to improve`;
      await stepIn(
        tx,
        incident.id,
        { kind: 'postmortem_written', summary },
        {
          actor: 'postmortem',
          job: { stage, generation },
          also: (inner) => savePostmortem(inner, written),
        },
      );
    });
    return 'done';
  };
