import { useState } from 'preact/hooks';
import { Link } from './small.tsx';

/** Nothing has happened yet: says how to begin, in lines that can be copied. */
export function Empty({ series, ingestUrl }: { series: number; ingestUrl: string | null }) {
  const address = ingestUrl?.replace(/\/$/, '') ?? 'http://INGEST-HOST:PORT';
  const sample =
    '{"samples":[{"name":"http_error_ratio","value":0.01,"timestamp":\'$(date +%s000)\',"labels":{"service":"my-service"}}]}';
  const curl = `curl -sS ${address}/v1/samples -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \\\n  -d '${sample}'`;
  const remoteWrite = `remote_write:\n  - url: ${address}/api/v1/write\n    authorization: { credentials: THE_TOKEN }`;
  return (
    <section class="panel empty" aria-labelledby="empty-title">
      <h2 id="empty-title">{series > 0 ? 'All quiet so far' : 'No metric has arrived yet'}</h2>
      {series > 0 ? (
        <p>
          {series >= 1_000 ? 'More than 1,000' : series} series are being watched. An incident appears here by itself
          when signals of one service go wrong together. <Link href="/series">See what arrives</Link>.
        </p>
      ) : (
        <>
          <p>Push one, and look again: a series starts to be learned with its first sample.</p>
          <p class="muted">1. Make a token for the sender:</p>
          <Command text="TOKEN=$(npm run --silent nightshift -- token create my-sender)" />
          <p class="muted">2. Let your Prometheus write here, in its prometheus.yml:</p>
          <Command text={remoteWrite} />
          <p class="muted">or push a sample:</p>
          <Command text={curl} />
          <p>
            What arrives is listed under <Link href="/series">Series</Link>.
          </p>
        </>
      )}
    </section>
  );
}

function Command({ text }: { text: string }) {
  const [copied, setCopied] = useState(false);
  const copy = () => navigator.clipboard?.writeText(text).then(() => setCopied(true));
  return (
    <div class="command">
      <pre>
        <code>{text}</code>
      </pre>
      <button type="button" class="quiet small" onClick={() => void copy()}>
        {copied ? 'Copied' : 'Copy'}
      </button>
    </div>
  );
}
