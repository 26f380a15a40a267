/** Epoch ms of epoch seconds, of epoch ms, or of ISO text (`2014-02-14 14:30:00` too), which is UTC unless it says otherwise. NaN for anything else. */
export function epochMs(cell: string): number {
  const text = cell.trim();
  const number = Number(text);
  if (text !== '' && !Number.isNaN(number)) return Math.abs(number) < 1e11 ? number * 1_000 : number;
  const iso = text.replace(/ +/, 'T');
  // A date alone is UTC already.
  return Date.parse(!iso.includes('T') || /(Z|[+-]\d\d:?\d\d)$/i.test(iso) ? iso : `${iso}Z`);
}
