import {
  double,
  fieldEnd,
  message,
  nextTag,
  cursor,
  skip,
  tagOf,
  text,
  varint,
  type Cursor,
} from '../wire/protobuf.ts';
import {
  addRow,
  addSeries,
  emptyWireBatch,
  giveId,
  labelCollector,
  tooMany,
  type Identity,
  type WireBatch,
} from '../wire/series.ts';
import type { KnownLabels } from './known-labels.ts';
import { noteKind } from './metric-kind.ts';

/**
 * Reads `prometheus.WriteRequest` (remote write 1.0, prompb/remote.proto). Of a series that is known by the bytes of its labels only the
 * rows are kept, with its id.
 */
export function readWriteRequest(body: Buffer, known: KnownLabels): WireBatch {
  const wire = emptyWireBatch();
  const from = cursor(body);
  for (let tag = nextTag(from); tag !== 0; tag = nextTag(from)) {
    if (tag === tags.timeseries) readSeries(from, wire, known);
    else if (tag === tags.metadata) readMetadata(from, wire);
    else skip(from, tag);
  }
  return wire;
}

const tags = {
  timeseries: tagOf(1, 'bytes'),
  metadata: tagOf(3, 'bytes'),
  labels: tagOf(1, 'bytes'),
  samples: tagOf(2, 'bytes'),
  histograms: tagOf(4, 'bytes'),
  name: tagOf(1, 'bytes'),
  value: tagOf(2, 'bytes'),
};

const metadataTags = { type: tagOf(1, 'varint'), family: tagOf(2, 'bytes') };

function readMetadata(from: Cursor, wire: WireBatch): void {
  if (wire.kinds.size >= wire.most) throw tooMany('metadata', wire.most);
  let type = 0;
  let family: string | undefined;
  message(from, (tag) => {
    if (tag === metadataTags.type) type = varint(from);
    else if (tag === metadataTags.family) {
      const end = fieldEnd(from);
      family = text(from.bytes, from.at, end);
      from.at = end;
    } else skip(from, tag);
  });
  noteKind(wire.kinds, family ?? '', type);
}

function readSeries(from: Cursor, wire: WireBatch, known: KnownLabels): void {
  const rowsFrom = wire.values.length;
  const outer = from.end;
  const end = (from.end = fieldEnd(from));
  const start = from.at;
  /** Where the labels stand, as long as nothing else stands among them. */
  const followed = known.follow(from.view, start, end);
  let labelsFrom = followed > 0 ? start : -1;
  let labelsTo = (from.at = start + followed);
  let together = true;
  for (let at = from.at, tag = nextTag(from); tag !== 0; at = from.at, tag = nextTag(from)) {
    if (tag === tags.labels) {
      if (labelsFrom === -1) labelsFrom = at;
      else if (labelsTo !== at) together = false;
      labelsTo = from.at = fieldEnd(from);
    } else if (tag === tags.samples) readSample(from, wire);
    else {
      if (tag === tags.histograms) wire.histograms += 1;
      skip(from, tag);
    }
  }
  from.end = outer;
  const { bytes, view } = from;
  const wasFollowed = followed > 0 && together && labelsTo === start + followed;
  const id = wasFollowed
    ? known.followedId()
    : together && labelsFrom !== -1
      ? known.find(view, labelsFrom, labelsTo)
      : 0;
  if (id !== 0) return giveId(wire, rowsFrom, id);
  const key = together && labelsFrom !== -1 ? bytes.subarray(labelsFrom, labelsTo) : undefined;
  addSeries(wire, readLabels({ bytes, view, at: start, end }), rowsFrom, { key });
}

function readLabels(from: Cursor): Identity {
  const { bytes } = from;
  const collected = labelCollector();
  let metric = '';
  for (let tag = nextTag(from); tag !== 0; tag = nextTag(from)) {
    if (tag !== tags.labels) {
      skip(from, tag);
      continue;
    }
    let name: string | undefined = '';
    let value: string | undefined = '';
    message(from, (field) => {
      if (field !== tags.name && field !== tags.value) return skip(from, field);
      const end = fieldEnd(from);
      if (field === tags.name) name = text(bytes, from.at, end);
      else value = text(bytes, from.at, end);
      from.at = end;
    });
    if (name === '__name__' && value !== undefined) metric = value;
    else collected.add(name, value);
  }
  return { name: metric, labels: collected.labels, refusal: collected.refusal() };
}

const sampleTags = { value: tagOf(1, 'fixed64'), timestamp: tagOf(2, 'varint') };

/** A sample of either version: they agree in what we read of it. */
export function readSample(from: Cursor, wire: WireBatch): void {
  let value = 0;
  let timestamp = 0;
  let stale = false;
  const outer = from.end;
  from.end = fieldEnd(from);
  for (let tag = nextTag(from); tag !== 0; tag = nextTag(from)) {
    if (tag === sampleTags.value) {
      value = double(from);
      // By its bits: as a number it is a NaN like any other.
      stale = value !== value && isStaleMarker(from.bytes, from.at - 8);
    } else if (tag === sampleTags.timestamp) timestamp = varint(from);
    else skip(from, tag);
  }
  from.end = outer;
  if (stale) wire.staleMarkers += 1;
  else addRow(wire, timestamp, value);
}

/** Whether the double at an offset is Prometheus' stale marker, the NaN 0x7ff0000000000002 (model/value/value.go). */
const isStaleMarker = (bytes: Buffer, at: number) =>
  bytes.readUInt32LE(at) === 2 && bytes.readUInt32LE(at + 4) === 0x7ff0_0000;
