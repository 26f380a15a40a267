/** Text that is HTML already. */
export type Html = { readonly html: string };
type Part = Html | string | number | readonly Html[];

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escaped = (text: string) => text.replace(/[&<>"']/g, (char) => entities[char]!);

const render = (part: Part): string =>
  typeof part === 'object' ? ('html' in part ? part.html : part.map(render).join('')) : escaped(String(part));

/** A template whose values are escaped, unless they were made by it. */
export function html(texts: TemplateStringsArray, ...parts: Part[]): Html {
  return { html: texts.reduce((all, text, i) => all + render(parts[i - 1]!) + text) };
}
