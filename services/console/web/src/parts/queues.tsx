import type { QueueDepth } from '../../../src/wire.ts';
import { plural } from '../text/format.ts';

/** How deep the queues are; the place to look when nothing moves. */
export const Queues = ({ queues }: { queues: QueueDepth[] }) =>
  queues.length === 0 ? null : (
    <footer class="queues">
      <h2>Queues</h2>
      <ul>
        {queues.map((queue) => (
          <li key={queue.job}>
            <a href="/queues/">{queue.job}</a> {textOf(queue)}
          </li>
        ))}
      </ul>
    </footer>
  );

function textOf(queue: QueueDepth): string {
  if ('unreachable' in queue) return 'cannot be reached';
  const parts = [`${queue.waiting + queue.delayed} waiting`];
  if (queue.active > 0) parts.push(`${queue.active} active`);
  if (queue.failed > 0) parts.push(plural(queue.failed, 'failure'));
  return parts.join(', ');
}
