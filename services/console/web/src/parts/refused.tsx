import type { Refusal } from '../data/api.ts';

/** What went wrong and what to do, said at once to who listens. */
export const Refused = ({ refusal }: { refusal: Refusal | null }) =>
  refusal && (
    <p class="refused" role="alert">
      <strong>{refusal.message}</strong> {refusal.help}
    </p>
  );
