/** The part of Markdown that a postmortem is written in, as a tree; whoever shows it makes text nodes of it, so nothing can run. */
export type Inline =
  | { kind: 'text' | 'strong' | 'em' | 'code'; text: string }
  | { kind: 'link'; text: string; href: string };
export type Block =
  | { kind: 'heading'; level: number; content: Inline[] }
  | { kind: 'paragraph' | 'quote'; content: Inline[] }
  | { kind: 'list'; ordered: boolean; items: Inline[][] }
  | { kind: 'table'; head: Inline[][]; rows: Inline[][][] }
  | { kind: 'code'; text: string }
  | { kind: 'rule' };

const item = /^\s{0,3}(?:[-*+]|(\d{1,9})[.)])\s+(.*)$/;
/** Also inside a list item, where it is indented. */
const fence = /^\s{0,4}```/;
const tableLine = /^\s*\|.*\|\s*$/;
const tableRule = /^\s*\|(?:\s*:?-+:?\s*\|)+\s*$/;
const startsBlock = /^(?:#{1,6}\s|\s{0,4}```|\s{0,3}(?:[-*+]|\d{1,9}[.)])\s|>|\s*\||(?:-{3,}|\*{3,})\s*$)/;

/** Reads Markdown. What it does not know stays as it was written. */
export function readMarkdown(text: string): Block[] {
  const lines = text.replaceAll('\r\n', '\n').split('\n');
  const blocks: Block[] = [];
  let i = 0;
  const take = (matches: (line: string) => boolean): string[] => {
    const taken: string[] = [];
    while (i < lines.length && matches(lines[i]!)) taken.push(lines[i++]!);
    return taken;
  };
  while (i < lines.length) {
    const line = lines[i]!;
    const heading = /^(#{1,6})\s+(.*?)\s*#*$/.exec(line);
    if (line.trim() === '') i++;
    else if (fence.test(line)) {
      i++;
      blocks.push({
        kind: 'code',
        text: unindented(
          take((each) => !fence.test(each)),
          line.search(/\S/),
        ),
      });
      i++;
    } else if (heading) {
      i++;
      blocks.push({ kind: 'heading', level: heading[1]!.length, content: readInline(heading[2]!) });
    } else if (/^(?:-{3,}|\*{3,})\s*$/.test(line)) {
      i++;
      blocks.push({ kind: 'rule' });
    } else if (item.test(line)) {
      const ordered = item.exec(line)![1] !== undefined;
      blocks.push({
        kind: 'list',
        ordered,
        items: take((each) => item.test(each)).map((each) => readInline(item.exec(each)![2]!)),
      });
    } else if (line.startsWith('>')) {
      const quoted = take((each) => each.startsWith('>')).map((each) => each.replace(/^>\s?/, ''));
      blocks.push({ kind: 'quote', content: readInline(quoted.join(' ')) });
    } else if (tableLine.test(line) && tableRule.test(lines[i + 1] ?? '')) {
      const [head, , ...rows] = take((each) => tableLine.test(each)).map(cells);
      blocks.push({ kind: 'table', head: head!, rows });
    } else {
      i++;
      const rest = take((each) => each.trim() !== '' && !startsBlock.test(each));
      blocks.push({ kind: 'paragraph', content: readInline([line, ...rest].join(' ')) });
    }
  }
  return blocks;
}

const unindented = (lines: string[], columns: number) =>
  lines.map((line) => (line.slice(0, columns).trim() === '' ? line.slice(columns) : line)).join('\n');

const cells = (line: string): Inline[][] =>
  line
    .trim()
    .slice(1, -1)
    .split(/(?<!\\)\|/)
    .map((cell) => readInline(cell.trim().replaceAll('\\|', '|')));

// Every repetition is bounded, so that no text makes this slow.
const inline =
  /\\([!-/:-@[-`{-~])|`([^`]{1,500})`|\*\*([^*]{1,500})\*\*|(?<![\w*])[*_]([^*_\s][^*_]{0,500})[*_](?![\w*])|\[([^[\]]{0,300})\]\(([^()\s]{1,1000})\)/g;

function readInline(text: string): Inline[] {
  const parts: Inline[] = [];
  let end = 0;
  for (const match of text.matchAll(inline)) {
    if (match.index > end) parts.push({ kind: 'text', text: text.slice(end, match.index) });
    const [whole, escaped, code, strong, em, label, href] = match;
    if (escaped !== undefined) parts.push({ kind: 'text', text: escaped });
    else if (code !== undefined) parts.push({ kind: 'code', text: code });
    else if (strong !== undefined) parts.push({ kind: 'strong', text: strong });
    else if (em !== undefined) parts.push({ kind: 'em', text: em });
    else if (isWebAddress(href!)) parts.push({ kind: 'link', text: label!, href: href! });
    else parts.push({ kind: 'text', text: whole });
    end = match.index + whole.length;
  }
  if (end < text.length) parts.push({ kind: 'text', text: text.slice(end) });
  return parts;
}

/** Only the web, and our own incidents: never `javascript:` or `data:`. */
export const isWebAddress = (href: string): boolean => /^https?:\/\//i.test(href) || /^\/incidents\/[\w-]+$/.test(href);
