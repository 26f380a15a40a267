import { describe, expect, it } from 'vitest';
import { isWebAddress, readMarkdown, type Block } from './markdown.ts';

const textOf = (block: Block): string =>
  'content' in block
    ? block.content.map(({ text }) => text).join('')
    : 'items' in block
      ? block.items
          .flat()
          .map(({ text }) => text)
          .join('')
      : '';

describe('Markdown', () => {
  it('knows what a postmortem is written in', () => {
    const text =
      '# What happened\n\nIt **broke** at `03:12`,\nin *one* go.\n\n- first\n- second\n\n1. one\n\n> said\n\n---\n\n```\nraw <b>\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n';
    expect(readMarkdown(text).map(({ kind }) => kind)).toEqual([
      'heading',
      'paragraph',
      'list',
      'list',
      'quote',
      'rule',
      'code',
      'table',
    ]);
    expect(readMarkdown(text)[1]).toEqual({
      kind: 'paragraph',
      content: [
        { kind: 'text', text: 'It ' },
        { kind: 'strong', text: 'broke' },
        { kind: 'text', text: ' at ' },
        { kind: 'code', text: '03:12' },
        { kind: 'text', text: ', in ' },
        { kind: 'em', text: 'one' },
        { kind: 'text', text: ' go.' },
      ],
    });
    expect(readMarkdown(text).at(-1)).toMatchObject({
      head: [[{ text: 'a' }], [{ text: 'b' }]],
      rows: [[[{ text: '1' }], [{ text: '2' }]]],
    });
  });

  it('leaves names with underscores alone, and gives escaped characters back', () => {
    expect(textOf(readMarkdown('http_error_ratio of my_service \\*not bold\\* \\<b\\>')[0]!)).toBe(
      'http_error_ratio of my_service *not bold* <b>',
    );
    expect(readMarkdown('snake_case_name')[0]).toEqual({
      kind: 'paragraph',
      content: [{ kind: 'text', text: 'snake_case_name' }],
    });
  });

  it('knows a block of code inside a list', () => {
    expect(readMarkdown('- change it so:\n  ```yaml\n  mode: auto\n    deeper\n  ```\n- next')).toEqual([
      { kind: 'list', ordered: false, items: [[{ kind: 'text', text: 'change it so:' }]] },
      { kind: 'code', text: 'mode: auto\n  deeper' },
      { kind: 'list', ordered: false, items: [[{ kind: 'text', text: 'next' }]] },
    ]);
  });

  it('makes links to the web and to incidents, of nothing else', () => {
    expect(readMarkdown('[a](https://example.org/x) [b](/incidents/inc-1)')[0]).toMatchObject({
      content: [
        { kind: 'link', href: 'https://example.org/x' },
        { kind: 'text' },
        { kind: 'link', href: '/incidents/inc-1' },
      ],
    });
    for (const href of [
      'javascript:alert(1)',
      'JaVaScRiPt:alert(1)',
      'data:text/html,x',
      'vbscript:x',
      '//evil.example',
      '/queues/',
      ' https://x',
    ]) {
      expect(isWebAddress(href), href).toBe(false);
      expect(JSON.stringify(readMarkdown(`[a](${href})`))).not.toContain('"link"');
    }
  });

  it('loses nothing and ends, whatever it is given', () => {
    for (const text of [
      '',
      '```',
      '| a |',
      '| a |\n|---|',
      '>',
      '#',
      '- ',
      '**',
      '[',
      '\\',
      '* * *',
      '1.',
      '#no heading',
      '|',
      '```\n```\n```',
    ]) {
      expect(() => readMarkdown(text)).not.toThrow();
    }
    const words = readMarkdown('one\n#two\n|three\n****four').map(textOf).join(' ');
    for (const word of ['one', 'two', 'three', 'four']) expect(words).toContain(word);
  });

  it('is quick with hostile text', () => {
    const started = performance.now();
    for (const part of ['*a', '_a ', '[a](', '`', '**a', '\\', '| a ', '- ', '> ', '!['])
      readMarkdown(part.repeat(20_000));
    expect(performance.now() - started).toBeLessThan(3_000);
  });
});
