import { useEffect, useState } from 'preact/hooks';
import type { SeriesAnswer, ServicesAnswer } from '../../../src/wire.ts';
import { concernsAll, useResource } from '../data/resource.ts';
import { Refused } from '../parts/refused.tsx';
import { Ago, Chip, Panel } from '../parts/small.tsx';
import { figure } from '../text/format.ts';
import { seriesWords } from '../text/words.ts';

/** Detectors say once a second how the series stand that are looked at. */
const againMs = 2_000;

/** What arrives: services by the number of their series, and the series of one with their last value and state. */
export function SeriesView() {
  const { data, refusal, reload } = useResource<ServicesAnswer>('/api/services', concernsAll);
  const [chosen, setChosen] = useState<string | null>(null);
  useEffect(() => {
    const timer = setInterval(reload, againMs);
    return () => clearInterval(timer);
  }, []);
  const services = data?.services ?? [];
  const service = chosen ?? services[0]?.service ?? null;
  return (
    <>
      <h1>Series</h1>
      <Refused refusal={refusal} />
      {data && services.length === 0 && <p class="all-quiet">No metric has arrived yet.</p>}
      {services.length > 0 && (
        <label class="service-choice">
          Service{' '}
          <select value={service ?? ''} onChange={(event) => setChosen(event.currentTarget.value)}>
            {services.map((each) => (
              <option key={each.service} value={each.service}>
                {each.service} ({each.series} series)
              </option>
            ))}
          </select>
        </label>
      )}
      {service !== null && <SeriesOf key={service} service={service} />}
    </>
  );
}

function SeriesOf({ service }: { service: string }) {
  const [name, setName] = useState('');
  const [after, setAfter] = useState(0);
  const query = new URLSearchParams({ service, after: String(after), ...(name && { name }) });
  const { data, refusal, reload } = useResource<SeriesAnswer>(`/api/series?${query}`, concernsAll);
  useEffect(() => {
    const timer = setInterval(reload, againMs);
    return () => clearInterval(timer);
  }, []);
  const find = (text: string) => {
    setName(text.trim());
    setAfter(0);
  };
  return (
    <Panel
      title={service}
      id="series"
      aside={
        <label>
          Name holds <input type="search" maxLength={256} onChange={(event) => find(event.currentTarget.value)} />
        </label>
      }
    >
      <Refused refusal={refusal} />
      <div class="scroll">
        <table class="ended">
          <thead>
            <tr>
              <th scope="col">Series</th>
              <th scope="col">State</th>
              <th scope="col">Last value</th>
              <th scope="col">Expected</th>
              <th scope="col">Heard</th>
            </tr>
          </thead>
          <tbody>
            {data?.series.map((each) => (
              <Row key={each.id} {...each} />
            ))}
          </tbody>
        </table>
      </div>
      {data?.series.length === 0 && <p class="muted">There is no such series.</p>}
      <p>
        {after > 0 && (
          <button type="button" class="quiet small" onClick={() => setAfter(0)}>
            First page
          </button>
        )}
        {data?.next != null && (
          <button type="button" class="quiet small" onClick={() => setAfter(data.next!)}>
            Next page
          </button>
        )}
      </p>
    </Panel>
  );
}

function Row({ name, labels, state, value, low, high, at }: SeriesAnswer['series'][number]) {
  const { text, tone } = state === null ? seriesWords.unknown : seriesWords[state];
  const shown = Object.entries(labels).map(([label, is]) => `${label}="${is}"`);
  return (
    <tr>
      <td>
        {name} <span class="muted">{shown.join(' ')}</span>
      </td>
      <td>
        <Chip tone={tone}>{text}</Chip>
      </td>
      <td class="number">{figure(value)}</td>
      <td class="number">{low === null || high === null ? '–' : `${figure(low)} to ${figure(high)}`}</td>
      <td>{at === null ? '–' : <Ago at={at} />}</td>
    </tr>
  );
}
