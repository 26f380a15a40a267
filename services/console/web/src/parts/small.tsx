import type { ComponentChildren } from 'preact';
import { serverNow, useNow } from '../data/clock.ts';
import { goTo } from '../data/route.ts';
import { clockTime, exactTime, span } from '../text/format.ts';
import type { Tone } from '../text/words.ts';

/** A word with a tone. */
export const Chip = ({ tone, children, title }: { tone: Tone; children: ComponentChildren; title?: string }) => (
  <span class={`chip tone-${tone}`} title={title}>
    {children}
  </span>
);

/** A moment: time of day for the eye, the exact one for who asks. */
export function Time({ at }: { at: number }) {
  return (
    <time dateTime={new Date(at).toISOString()} title={exactTime(at)}>
      {clockTime(at, serverNow())}
    </time>
  );
}

/** How long it has lasted, or lasted. */
export function Elapsed({ from, to }: { from: number; to: number | null }) {
  const now = useNow();
  return <span class="number">{span((to ?? now) - from)}</span>;
}

export function Ago({ at }: { at: number }) {
  const now = useNow();
  return (
    <time dateTime={new Date(at).toISOString()} title={exactTime(at)}>
      {span(now - at)} ago
    </time>
  );
}

/** A link that stays in the page, unless somebody wants a new tab. */
export function Link(props: { href: string; class?: string; current?: boolean; children: ComponentChildren }) {
  const follow = (event: MouseEvent) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey || event.button !== 0) return;
    event.preventDefault();
    goTo(props.href);
  };
  return (
    <a href={props.href} class={props.class} aria-current={props.current ? 'page' : undefined} onClick={follow}>
      {props.children}
    </a>
  );
}

/** A titled part of a page. */
export function Panel(props: {
  title: string;
  id: string;
  aside?: ComponentChildren;
  class?: string;
  children: ComponentChildren;
}) {
  return (
    <section class={`panel ${props.class ?? ''}`} aria-labelledby={props.id}>
      <header class="panel-head">
        <h2 id={props.id}>{props.title}</h2>
        {props.aside}
      </header>
      {props.children}
    </section>
  );
}
