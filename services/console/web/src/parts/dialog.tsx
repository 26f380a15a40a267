import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { useAttempt } from '../data/attempt.ts';
import { Refused } from './refused.tsx';

export type Question = {
  title: string;
  children?: ComponentChildren;
  /** Label of the field for the reason. */
  label: string;
  required?: boolean;
  action: string;
  danger?: boolean;
  onClose: () => void;
  /** Rejects with why it was refused; the dialog stays open then. */
  onConfirm: (reason: string) => Promise<unknown>;
};

/** Asks for a reason before something is done. The browser's own dialog keeps the focus inside and closes on Escape. */
export function ReasonDialog(question: Question) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [reason, setReason] = useState('');
  const { busy, refusal, attempt } = useAttempt();
  useEffect(() => dialog.current?.showModal(), []);
  const confirm = async (event: Event) => {
    event.preventDefault();
    if (await attempt(() => question.onConfirm(reason.trim()))) dialog.current?.close();
  };
  return (
    <dialog ref={dialog} class="dialog" aria-labelledby="dialog-title" onClose={question.onClose}>
      <form onSubmit={(event) => void confirm(event)}>
        <h2 id="dialog-title">{question.title}</h2>
        {question.children}
        <label class="field">
          {question.label}
          <textarea
            rows={3}
            maxLength={1_000}
            required={question.required ?? false}
            value={reason}
            onInput={(event) => setReason(event.currentTarget.value)}
          />
        </label>
        <Refused refusal={refusal} />
        <div class="actions">
          <button type="button" class="quiet" onClick={() => dialog.current?.close()}>
            Cancel
          </button>
          <button
            type="submit"
            class={question.danger ? 'danger' : 'primary'}
            disabled={busy || (question.required === true && reason.trim() === '')}
          >
            {question.action}
          </button>
        </div>
      </form>
    </dialog>
  );
}
