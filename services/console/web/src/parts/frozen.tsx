import type { Overview } from '../../../src/wire.ts';
import { Ago, Link, Time } from './small.tsx';

/** While a change freeze holds, every view says what is held, until when, and why. */
export const FrozenBanner = ({ frozen }: Pick<Overview, 'frozen'>) => (
  <>
    {frozen.map(({ name, services, until, reason }) => (
      <p class="frozen-banner" role="status" key={name}>
        <strong>Change freeze: no automatic action on {services ? services.join(', ') : 'anything'}</strong> until{' '}
        <Time at={until} />. {name}: {reason}
      </p>
    ))}
  </>
);

/** While the breaker is open, every view says so, and leads to the one incident that stands for the whole. */
export const BreakerBanner = ({ breaker }: { breaker: Overview['breaker'] | undefined }) =>
  breaker?.open ? (
    <p class="stopped-banner" role="status">
      <strong>The breaker is open: nothing is done to anything.</strong> <Ago at={breaker.at} />: {breaker.reason}.{' '}
      <Link href={`/incidents/${breaker.incidentId}`}>Resolve the incident that stands for all to close it</Link>
    </p>
  ) : null;
