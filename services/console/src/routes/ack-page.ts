import { createHash } from 'node:crypto';

const style = `:root{color-scheme:dark}body{margin:0;min-height:100vh;display:grid;place-items:center;background:#0d1117;color:#e6e9ee;
font:17px/1.5 system-ui,sans-serif}main{width:min(34rem,100vw - 3rem);padding:2rem 0}p{margin:0 0 1rem;color:#aab4c0}
h1{font-size:1.35rem;line-height:1.35;margin:0 0 .75rem;color:#e6e9ee;overflow-wrap:anywhere}b{color:#e6e9ee}
button,a.button{display:block;width:100%;box-sizing:border-box;padding:.9rem 1rem;border:0;border-radius:.6rem;font:inherit;font-weight:600;
text-align:center;text-decoration:none;background:#2f6feb;color:#fff;cursor:pointer}a.button{background:#21262d;margin-top:.75rem}
:focus-visible{outline:3px solid #79b8ff;outline-offset:3px}`;

/** Names the one style sheet of these pages to the content security policy. */
export const ackStyleSha256 = createHash('sha256').update(style).digest('base64');

export type AckPage =
  | { kind: 'ask'; title: string; service: string; state: string; by: string; token: string; incidentUrl: string }
  | { kind: 'taken'; title: string; by: string; incidentUrl: string }
  | { kind: 'over'; title: string; state: string; incidentUrl: string }
  | { kind: 'refused'; message: string; help: string };

/** The small page behind the link of a page: one question, one button; works without any script. */
export function ackPage(page: AckPage): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="robots" content="noindex"><title>Nightshift</title><style>${style}</style></head><body><main>${bodyOf(page)}</main></body></html>`;
}

function bodyOf(page: AckPage): string {
  switch (page.kind) {
    case 'ask':
      return `<h1>${text(page.title)}</h1><p>Service <b>${text(page.service)}</b>, now <b>${text(page.state.replaceAll('_', ' '))}</b>.
Taking it stops further pages; Nightshift will not resolve it without you.</p>
<form method="post" action="/ack"><input type="hidden" name="token" value="${text(page.token)}">
<button autofocus>I have it (${text(page.by)})</button></form><a class="button" href="${text(page.incidentUrl)}">Look at it first</a>`;
    case 'taken':
      return `<h1>${text(page.by)} has it.</h1><p>${text(page.title)}</p><a class="button" href="${text(page.incidentUrl)}">Open the incident</a>`;
    case 'over':
      return `<h1>It is ${text(page.state)} already.</h1><p>${text(page.title)}</p><a class="button" href="${text(page.incidentUrl)}">Open the incident</a>`;
    case 'refused':
      return `<h1>${text(page.message)}</h1><p>${text(page.help)}</p><a class="button" href="/">Open the console</a>`;
  }
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Text as text, also inside a quoted attribute. */
const text = (value: string) => value.replace(/[&<>"']/g, (character) => entities[character]!);
