/** The answers of OTLP/HTTP, in the format of the request. */
type Answer = { type: string; body: Buffer | string };

/** `ExportMetricsServiceResponse`: empty when everything was taken. */
export function exportAnswer(json: boolean, rejectedDataPoints: number, errorMessage: string): Answer {
  const isPartial = rejectedDataPoints > 0;
  if (json) {
    const partialSuccess = { rejectedDataPoints: String(rejectedDataPoints), errorMessage };
    return { type: 'application/json', body: JSON.stringify(isPartial ? { partialSuccess } : {}) };
  }
  const partial = Buffer.concat([number(1, rejectedDataPoints), bytes(2, Buffer.from(errorMessage))]);
  return { type: 'application/x-protobuf', body: isPartial ? bytes(1, partial) : Buffer.alloc(0) };
}

/** Codes of google.rpc.Code by HTTP status. */
const codes: Record<number, number> = { 400: 3, 401: 16, 403: 7, 404: 5, 413: 3, 415: 3, 429: 8, 503: 14 };

/** `google.rpc.Status` made of a coded error as JSON. */
export function statusAnswer(json: boolean, httpStatus: number, coded: string): Answer {
  const { error } = JSON.parse(coded) as { error: { code: string; message: string; help: string } };
  const code = codes[httpStatus] ?? 13;
  const text = `${error.code}: ${error.message}. ${error.help}`;
  if (json) return { type: 'application/json', body: JSON.stringify({ code, message: text }) };
  return { type: 'application/x-protobuf', body: Buffer.concat([number(1, code), bytes(2, Buffer.from(text))]) };
}

const number = (field: number, value: number) => Buffer.concat([varint(field * 8), varint(value)]);
const bytes = (field: number, content: Buffer) =>
  Buffer.concat([varint(field * 8 + 2), varint(content.length), content]);

/** Of a number below 2^31. */
function varint(value: number): Buffer {
  const out: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 0x80) return Buffer.from([...out, rest]);
    out.push((rest & 0x7f) | 0x80);
  }
}
