import type { Overview } from '../../../src/wire.ts';
import { Time } from './small.tsx';

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
