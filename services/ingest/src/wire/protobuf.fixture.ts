/** For tests: writes protobuf, the other way round than the reader under test. */
export type Field = [
  field: number,
  content: Buffer | string | number | bigint | { double: number } | { fixed64: bigint },
];

export function message(...fields: Field[]): Buffer {
  return Buffer.concat(fields.flatMap(([field, content]) => encode(field, content)));
}

function encode(field: number, content: Field[1]): Buffer[] {
  if (typeof content === 'string') return encode(field, Buffer.from(content));
  if (typeof content === 'number' || typeof content === 'bigint') return [varint(field * 8), varint(content)];
  if (Buffer.isBuffer(content)) return [varint(field * 8 + 2), varint(content.length), content];
  const eight = Buffer.alloc(8);
  if ('double' in content) eight.writeDoubleLE(content.double);
  else eight.writeBigUInt64LE(BigInt.asUintN(64, content.fixed64));
  return [varint(field * 8 + 1), eight];
}

export function varint(value: number | bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  do {
    bytes.push(Number(rest & 0x7fn) | (rest > 0x7fn ? 0x80 : 0));
    rest >>= 7n;
  } while (rest > 0n);
  return Buffer.from(bytes);
}
