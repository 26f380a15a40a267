import { inputLimits } from '@nightshift/types';
import {
  cursor,
  fieldEnd,
  malformed,
  message,
  nextTag,
  skip,
  tagOf,
  text,
  varint,
  type Cursor,
} from '../wire/protobuf.ts';
import { addSeries, emptyWireBatch, labelCollector, tooMany, type Identity, type WireBatch } from '../wire/series.ts';
import { noteKind } from './metric-kind.ts';
import { readSample } from './read-v1.ts';

/** Room for a name and all labels, none of them shared, in a tenth of the series that one request may hold. */
const mostSymbols = (inputLimits.samplesPerRequest / 10) * (inputLimits.labelsPerSample + 1) * 2;
/** `__name__` is one of them. */
const mostRefs = (inputLimits.labelsPerSample + 1) * 2;

const tags = { symbols: tagOf(4, 'bytes'), timeseries: tagOf(5, 'bytes') };
const seriesTags = {
  packedRefs: tagOf(1, 'bytes'),
  ref: tagOf(1, 'varint'),
  samples: tagOf(2, 'bytes'),
  histograms: tagOf(3, 'bytes'),
  metadata: tagOf(5, 'bytes'),
};

type Symbols = { count: number; at(ref: number): string | undefined };

/**
 * Reads `io.prometheus.write.v2.Request` (remote write 2.0). Passes over exemplars and times of creation, wherever the
 * release candidates have put them.
 */
export function readRequestV2(body: Buffer): WireBatch {
  const wire = emptyWireBatch();
  const symbols = readSymbols(cursor(body));
  const from = cursor(body);
  for (let tag = nextTag(from); tag !== 0; tag = nextTag(from)) {
    if (tag === tags.timeseries) readSeries(from, wire, symbols);
    else skip(from, tag);
  }
  return wire;
}

function readSymbols(from: Cursor): Symbols {
  const { bytes } = from;
  const starts: number[] = [];
  const ends: number[] = [];
  for (let tag = nextTag(from); tag !== 0; tag = nextTag(from)) {
    if (tag !== tags.symbols) {
      skip(from, tag);
      continue;
    }
    if (starts.length === mostSymbols) throw tooMany('symbols', mostSymbols);
    const end = fieldEnd(from);
    starts.push(from.at);
    ends.push((from.at = end));
  }
  if (starts.length > 0 && starts[0] !== ends[0]) throw malformed('the first symbol must be empty');
  const decoded: (string | undefined)[] = [];
  return {
    count: starts.length,
    at: (ref) => (decoded[ref] ??= text(bytes, starts[ref]!, ends[ref]!)),
  };
}

function readSeries(from: Cursor, wire: WireBatch, symbols: Symbols): void {
  const rowsFrom = wire.values.length;
  const refs: number[] = [];
  let type = 0;
  const addRef = () => {
    const ref = varint(from);
    if (ref < 0 || ref >= symbols.count) throw malformed(`there is no symbol ${ref}`);
    // More are counted but not kept: the series is refused.
    if (refs.length <= mostRefs) refs.push(ref);
  };
  const outer = from.end;
  from.end = fieldEnd(from);
  for (let tag = nextTag(from); tag !== 0; tag = nextTag(from)) {
    if (tag === seriesTags.packedRefs) {
      const end = fieldEnd(from);
      while (from.at < end) addRef();
    } else if (tag === seriesTags.ref) addRef();
    else if (tag === seriesTags.samples) readSample(from, wire);
    else if (tag === seriesTags.metadata) {
      message(from, (field) => {
        if (field === tagOf(1, 'varint')) type = varint(from);
        else skip(from, field);
      });
    } else {
      if (tag === seriesTags.histograms) wire.histograms += 1;
      skip(from, tag);
    }
  }
  from.end = outer;
  const identity = labelsOf(refs, symbols);
  // Unspecified is no metadata.
  if (type > 0) noteKind(wire.kinds, identity.name, type);
  addSeries(wire, identity, rowsFrom, {});
}

function labelsOf(refs: number[], symbols: Symbols): Identity {
  const collected = labelCollector();
  if (refs.length > mostRefs) {
    const message = `more than ${inputLimits.labelsPerSample} labels`;
    return { name: '', labels: {}, refusal: { field: 'labels', reason: 'too_many', message } };
  }
  if (refs.length % 2 === 1) throw malformed('a label has a name but no value');
  let metric = '';
  for (let i = 0; i < refs.length; i += 2) {
    const name = symbols.at(refs[i]!);
    const value = symbols.at(refs[i + 1]!);
    if (name === '__name__' && value !== undefined) metric = value;
    else collected.add(name, value);
  }
  return { name: metric, labels: collected.labels, refusal: collected.refusal() };
}
