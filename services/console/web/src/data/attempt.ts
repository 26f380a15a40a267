import { useState } from 'preact/hooks';
import { Refusal } from './api.ts';

/** One thing a person does: whether it is under way, and why it was refused. */
export function useAttempt(): {
  busy: boolean;
  refusal: Refusal | null;
  attempt: (work: () => Promise<unknown>) => Promise<boolean>;
  clear: () => void;
} {
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const attempt = async (work: () => Promise<unknown>) => {
    setBusy(true);
    setRefusal(null);
    try {
      await work();
      return true;
    } catch (error) {
      setRefusal(error instanceof Refusal ? error : new Refusal('INTERNAL', String(error), 'Reload the page.'));
      return false;
    } finally {
      setBusy(false);
    }
  };
  return { busy, refusal, attempt, clear: () => setRefusal(null) };
}
