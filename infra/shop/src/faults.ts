/** What can be broken, how, and how it is mended without Nightshift. Each breaks something real. */
import { restorePrices } from './prices.ts';
import { fillReceipts, receiptsFolder, tidyReceipts } from './receipts.ts';
import type { StateFile } from './state.ts';
import { Conflict, goodVersion, type Supervisor } from './supervisor.ts';
import type { Workers } from './workers.ts';

export const scenarios = ['bad-deploy', 'crash', 'mystery', 'overload', 'fix-fails', 'disk-full'] as const;
export type Scenario = (typeof scenarios)[number];

export type Faults = { cause(scenario: Scenario): Promise<void>; undo(): Promise<void> };

export type FaultOptions = {
  supervisor: Supervisor;
  state: StateFile;
  workers: Workers;
  stateDir: string;
  /** How many times the usual load comes. */
  setLoad: (times: number) => void;
};

/** The faults of a shop. Causing one that is there already, or that another one hides, is a conflict. */
export function createFaults({ supervisor, state, workers, stateDir, setLoad }: FaultOptions): Faults {
  const { note } = supervisor;
  const healthy = () => {
    const { version, state: now } = state.current();
    if (now === 'crashed' || version !== goodVersion)
      throw new Conflict(`the shop is ${now} at ${version}: undo that fault first`);
  };
  const release = async (series: string) => {
    healthy();
    const badDeploys = state.current().badDeploys + 1;
    state.change({ badDeploys });
    await supervisor.release(`${series}-${badDeploys}`);
  };
  const causes: Record<Scenario, () => void | Promise<void>> = {
    'bad-deploy': () => release('v2'),
    'fix-fails': () => release('v3'),
    async crash() {
      if (state.current().state === 'crashed')
        throw new Conflict('the shop has crashed already: undo that fault first');
      note({ by: 'fault', kind: 'crash' });
      await workers.kill();
    },
    mystery() {
      if (state.current().state === 'crashed') throw new Conflict('the shop has crashed: undo that fault first');
      note({ by: 'fault', kind: 'mystery' });
      workers.tell({ secondEdition: true });
    },
    overload() {
      healthy();
      note({ by: 'fault', kind: 'load', from: '1', to: '2' });
      setLoad(2);
    },
    async 'disk-full'() {
      healthy();
      note({ by: 'fault', kind: 'disk' });
      await fillReceipts(receiptsFolder(stateDir));
    },
  };
  return {
    cause: async (scenario) => causes[scenario](),
    async undo() {
      setLoad(1);
      workers.tell({ secondEdition: false });
      await tidyReceipts(receiptsFolder(stateDir));
      await supervisor.reset(restorePrices(stateDir));
    },
  };
}
