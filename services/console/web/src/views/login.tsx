import { useState } from 'preact/hooks';
import { post } from '../data/api.ts';
import { useAttempt } from '../data/attempt.ts';
import { Refused } from '../parts/refused.tsx';

const nameKey = 'nightshift.name';
const refusals: Record<string, string> = {
  LOGIN_REFUSED: 'The token of that link is not the one of this console. Take the link that the start printed.',
  LOGIN_LIMITED: 'Too many wrong tokens came from this address. Wait a minute.',
};

/** Asks for the token and for the name under which decisions will be recorded. */
export function Login({ onLogin }: { onLogin: () => void }) {
  const [token, setToken] = useState('');
  const [name, setName] = useState(localStorage.getItem(nameKey) ?? '');
  const { busy, refusal, attempt } = useAttempt();
  const earlier = refusals[new URLSearchParams(location.search).get('refused') ?? ''];
  const logIn = async (event: Event) => {
    event.preventDefault();
    if (!(await attempt(() => post('/login', { token, name })))) return;
    localStorage.setItem(nameKey, name);
    onLogin();
  };
  return (
    <main class="login">
      <form class="panel" onSubmit={(event) => void logIn(event)}>
        <h1>Nightshift</h1>
        <p class="muted">Log in with the token that the start printed. Your name stands beside whatever you decide.</p>
        {earlier && !refusal && (
          <p class="refused" role="alert">
            {earlier}
          </p>
        )}
        <label class="field">
          Your name
          <input
            autoComplete="username"
            required
            maxLength={64}
            value={name}
            onInput={(event) => setName(event.currentTarget.value)}
          />
        </label>
        <label class="field">
          Token
          <input
            type="password"
            autoComplete="current-password"
            required
            value={token}
            onInput={(event) => setToken(event.currentTarget.value)}
          />
        </label>
        <Refused refusal={refusal} />
        <button type="submit" class="primary" disabled={busy}>
          Log in
        </button>
      </form>
    </main>
  );
}
