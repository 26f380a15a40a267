/** Steps through JSON (RFC 8259) without parsing it: each returns where something ends. */

const code = (char: string) => char.charCodeAt(0);
const [quote, backslash, minus, plus, point] = [code('"'), code('\\'), code('-'), code('+'), code('.')];
const [zero, nine, exponent, largeExponent] = [code('0'), code('9'), code('e'), code('E')];
const opens = /[ \t\n\r]*\{[ \t\n\r]*"samples"[ \t\n\r]*:[ \t\n\r]*\[[ \t\n\r]*/y;

/** Where the first sample of a body stands whose one property is `samples`; 0: it does not begin so. */
export function opening(text: string): number {
  opens.lastIndex = 0;
  return opens.test(text) ? opens.lastIndex : 0;
}

export function spaceEnd(text: string, from: number): number {
  let at = from;
  while (isSpace(text.charCodeAt(at))) at += 1;
  return at;
}

const isSpace = (char: number) => char === 0x20 || char === 0x0a || char === 0x0d || char === 0x09;

/** The closing quote of a string that opens at `from`; the end of the text where there is none. */
export function stringEnd(text: string, from: number): number {
  let at = from + 1;
  for (; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (char === quote) return at;
    if (char === backslash) at += 1;
  }
  return at;
}

/** The end of a number that begins at `from`; `from` where none does. */
export function numberEnd(text: string, from: number): number {
  const wholeFrom = text.charCodeAt(from) === minus ? from + 1 : from;
  let end = digitsEnd(text, wholeFrom);
  if (end === wholeFrom || (text.charCodeAt(wholeFrom) === zero && end > wholeFrom + 1)) return from;
  if (text.charCodeAt(end) === point) {
    const partEnd = digitsEnd(text, end + 1);
    if (partEnd === end + 1) return from;
    end = partEnd;
  }
  const mark = text.charCodeAt(end);
  if (mark !== exponent && mark !== largeExponent) return end;
  const sign = text.charCodeAt(end + 1);
  const powerFrom = sign === minus || sign === plus ? end + 2 : end + 1;
  const powerEnd = digitsEnd(text, powerFrom);
  return powerEnd > powerFrom ? powerEnd : from;
}

function digitsEnd(text: string, from: number): number {
  let at = from;
  for (let char = text.charCodeAt(at); char >= zero && char <= nine; char = text.charCodeAt(++at));
  return at;
}
