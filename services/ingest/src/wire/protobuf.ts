import { isUtf8 } from 'node:buffer';
import { NightshiftError } from '@nightshift/types';

/**
 * Reads the protobuf wire format (protobuf.dev/programming-guides/encoding) in place, without copying. Everything throws
 * BODY_INVALID on bytes that are no protobuf; nothing reads beyond `end`.
 */
export type Cursor = { readonly bytes: Buffer; readonly view: DataView; at: number; end: number };

export const cursor = (bytes: Buffer): Cursor => ({
  bytes,
  view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length),
  at: 0,
  end: bytes.length,
});

export const wireTypes = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/** A field's tag: its number times 8 plus the wire type. */
export const tagOf = (field: number, wireType: keyof typeof wireTypes): number => field * 8 + wireTypes[wireType];

export const malformed = (what: string) =>
  new NightshiftError('BODY_INVALID', `the body is not the protobuf it should be: ${what}`);

/** A signed 64-bit varint as a number: exact up to 2^53, nearly right beyond. */
export function varint(from: Cursor): number {
  // Nearly all are short, and stay small integers, which are several times as fast as the numbers that the long ones need.
  const { bytes, at, end } = from;
  let low = 0;
  for (let i = 0; i < 4 && at + i < end; i++) {
    const byte = bytes[at + i]!;
    low |= (byte & 0x7f) << (7 * i);
    if (byte < 0x80) {
      from.at = at + i + 1;
      return low;
    }
  }
  return longVarint(from, low);
}

/** One of five to ten bytes, the first four being read. */
function longVarint(from: Cursor, firstBits: number): number {
  let low = firstBits;
  let high = 0;
  for (let i = 4; i < 10; i++) {
    if (from.at + i >= from.end) throw malformed('it ends within a number');
    const byte = from.bytes[from.at + i]!;
    const bits = byte & 0x7f;
    if (i === 4) {
      low |= bits << 28;
      high = bits >>> 4;
    } else high |= bits << (7 * i - 32);
    if (byte < 0x80) {
      from.at += i + 1;
      return (high | 0) * 2 ** 32 + (low >>> 0);
    }
  }
  throw malformed('a number is longer than ten bytes');
}

/** The next field's tag; 0 at the end. */
export function nextTag(from: Cursor): number {
  if (from.at >= from.end) return 0;
  const tag = varint(from);
  if (tag < 8 || tag > 0xffff_ffff) throw malformed(`there is no field with the tag ${tag}`);
  return tag;
}

/** Where the length-delimited field that starts here ends; the cursor stands at its first byte. */
export function fieldEnd(from: Cursor): number {
  const length = varint(from);
  if (length < 0 || length > from.end - from.at) throw malformed('a field is longer than what holds it');
  return (from.at + length) | 0;
}

export function double(from: Cursor): number {
  if (from.at + 8 > from.end) throw malformed('it ends within a number');
  const value = from.view.getFloat64(from.at, true);
  from.at += 8;
  return value;
}

/** A signed 64-bit fixed number: exact up to 2^53. */
export function fixed64(from: Cursor): number {
  if (from.at + 8 > from.end) throw malformed('it ends within a number');
  const value = from.view.getInt32(from.at + 4, true) * 2 ** 32 + from.view.getUint32(from.at, true);
  from.at += 8;
  return value;
}

/** The text between two offsets; undefined if it is not UTF-8, as strings of protobuf must be. */
export function text(bytes: Buffer, start: number, end: number): string | undefined {
  const decoded = bytes.toString('utf8', start, end);
  return decoded.includes('\uFFFD') && !isUtf8(bytes.subarray(start, end)) ? undefined : decoded;
}

/** Passes over a field that is not wanted. */
export function skip(from: Cursor, tag: number): void {
  switch (tag & 7) {
    case wireTypes.varint:
      varint(from);
      return;
    case wireTypes.fixed64:
      from.at += 8;
      break;
    case wireTypes.bytes:
      from.at = fieldEnd(from);
      break;
    case wireTypes.fixed32:
      from.at += 4;
      break;
    default:
      throw malformed(`there is no wire type ${tag & 7}`);
  }
  if (from.at > from.end) throw malformed('it ends within a field');
}

/** Reads the message that starts here, field by field: `field` is called with each tag and must read or skip its content. */
export function message(from: Cursor, field: (tag: number) => void): void {
  const outer = from.end;
  from.end = fieldEnd(from);
  for (let tag = nextTag(from); tag !== 0; tag = nextTag(from)) field(tag);
  from.end = outer;
}
