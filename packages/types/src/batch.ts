/**
 * Packed sample batches: how samples travel from ingest to the detector. Label sets do not travel at all; a series is its
 * registered id. Layout, little-endian: u32 magic+version, u32 count, count x u32 series id, count x f64 timestamp (epoch ms),
 * count x f64 value; the whole in base64, because a job's payload is JSON.
 */
export type Batch = { seriesIds: Uint32Array; timestamps: Float64Array; values: Float64Array };

const magic = 0x4e53_0001; // "NS", version 1
const headerBytes = 8;
const rowBytes = 4 + 8 + 8;

/** Packs `count` rows of a batch (all three arrays at least that long) into base64. */
export function encodeBatch(batch: Batch, count = batch.seriesIds.length): string {
  const bytes = new Uint8Array(headerBytes + count * rowBytes);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, magic, true);
  view.setUint32(4, count, true);
  const times = headerBytes + count * 4;
  const values = times + count * 8;
  for (let i = 0; i < count; i++) {
    view.setUint32(headerBytes + i * 4, batch.seriesIds[i]!, true);
    view.setFloat64(times + i * 8, batch.timestamps[i]!, true);
    view.setFloat64(values + i * 8, batch.values[i]!, true);
  }
  return Buffer.from(bytes.buffer).toString('base64');
}

/** Unpacks a batch. Throws a RangeError that says what is wrong with a foreign, cut or padded one. */
export function decodeBatch(text: string): Batch {
  const bytes = Buffer.from(text, 'base64');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < headerBytes || view.getUint32(0, true) !== magic) {
    throw new RangeError('not a packed sample batch of version 1');
  }
  const count = view.getUint32(4, true);
  if (bytes.length !== headerBytes + count * rowBytes) {
    throw new RangeError(
      `packed batch of ${count} samples should be ${headerBytes + count * rowBytes} bytes, is ${bytes.length}`,
    );
  }
  const batch = {
    seriesIds: new Uint32Array(count),
    timestamps: new Float64Array(count),
    values: new Float64Array(count),
  };
  const times = headerBytes + count * 4;
  const values = times + count * 8;
  for (let i = 0; i < count; i++) {
    batch.seriesIds[i] = view.getUint32(headerBytes + i * 4, true);
    batch.timestamps[i] = view.getFloat64(times + i * 8, true);
    batch.values[i] = view.getFloat64(values + i * 8, true);
  }
  return batch;
}
