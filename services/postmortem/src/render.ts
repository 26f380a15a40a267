import { planInWords } from '@nightshift/runbooks';
import { redactText } from '@nightshift/runtime';
import type { Postmortem } from '@nightshift/types';
import { signalName } from '@nightshift/types/signal-name';
import { lastDiagnosis, triedOf, type History } from './history.ts';
import { inWords } from './in-words.ts';
import { figure, item, lengthOfTime, moment, plain, table } from './markdown.ts';

const endings = {
  automated: 'mended by automation',
  person: 'resolved by a person',
  self: 'healed by itself',
  false_positive: 'no incident after all',
};

const textChars = 400;
const timelineLines = 200;

/** The postmortem as Markdown. Whatever came from outside is text in it, never markup. */
export function render(
  history: History,
  { phases, suspectChange, improvements }: Omit<Postmortem, 'markdown'>,
): string {
  const { incident } = history;
  const ending = incident.resolution ? endings[incident.resolution] : 'not ended';
  const tried = triedOf(history);
  const sections: [string, string[]][] = [
    [
      `# ${text(incident.title)}`,
      [
        `${plain(incident.id)}: ${text(incident.service)}, ${plain(incident.type)}, ${plain(incident.severity)}; **${ending}** after ${lengthOfTime(phases.totalMs)}.`,
        `Contributing change: ${suspectChange ? text(suspectChange) : 'none suspected'}.`,
      ],
    ],
    [
      '## Where the time went',
      [
        table(
          ['phase', 'time'],
          [
            ['onset to detection', lengthOfTime(phases.onsetToDetectedMs)],
            ['detection to diagnosis', lengthOfTime(phases.detectedToDiagnosedMs)],
            ['diagnosis to first effect', lengthOfTime(phases.diagnosedToActedMs)],
            ['first effect to recovery', lengthOfTime(phases.actedToResolvedMs)],
            ['**onset to end**', `**${lengthOfTime(phases.totalMs)}**`],
          ],
        ),
      ],
    ],
    ['## Signals', signals(history)],
    ['## What was found', findings(history)],
    [
      '## What was tried',
      tried.length === 0
        ? ['Nothing.']
        : [
            tried
              .map(
                (each) =>
                  `- ${text(each.action)} on ${text(each.target)}: **${plain(each.outcome)}**${each.detail ? `, ${text(each.detail)}` : ''}`,
              )
              .join('\n'),
          ],
    ],
    ...(history.plans ?? []).map(({ hash, plan }): [string, string[]] => [
      `## The plan of ${text(plan.runbook)}`,
      [
        planInWords(plan, hash)
          .map((line) => `- ${text(line.trim())}`)
          .join('\n'),
      ],
    ]),
    ['## What to improve', improvements.length === 0 ? ['Nothing stands out.'] : [improvements.map(item).join('\n')]],
    ['## Timeline', [timelineOf(history)]],
  ];
  return `${sections.map(([title, parts]) => [title, ...parts].join('\n\n')).join('\n\n')}\n`;
}

function signals({ anomalies }: History): string[] {
  if (anomalies.length === 0) return ['None recorded.'];
  const rows = anomalies.map((each) => [
    text(signalName(each.metric)),
    text(
      Object.entries(each.labels)
        .map(([name, value]) => `${name}=${value}`)
        .join(', '),
    ),
    figure(each.value),
    `${figure(each.expected)} (${figure(each.low)} to ${figure(each.high)})`,
    plain(each.severity),
    moment(each.startedAt),
  ]);
  return [table(['metric', 'labels', 'value', 'normal', 'severity', 'since'], rows)];
}

function findings(history: History): string[] {
  const found = lastDiagnosis(history);
  if (found.length === 0) return ['No diagnosis was made.'];
  const notOk = found.filter((each) => each.status !== 'ok');
  const ok = found.filter((each) => each.status === 'ok').map((each) => `${plain(each.check)} of ${text(each.target)}`);
  return [
    ...(notOk.length > 0
      ? [
          table(
            ['check', 'target', 'status', 'finding'],
            notOk.map((each) => [plain(each.check), text(each.target), plain(each.status), text(each.output)]),
          ),
        ]
      : []),
    ...(ok.length > 0 ? [`Without finding: ${ok.join(', ')}.`] : []),
  ];
}

function timelineOf({ timeline }: History): string {
  const rows = timeline
    .slice(0, timelineLines)
    .map(({ at, actor, event, to }) => [moment(at), text(actor), text(inWords(event)), to ? plain(to) : '']);
  const rest = timeline.length - rows.length;
  return (
    table(['when', 'who', 'what', 'then'], rows) + (rest > 0 ? `\n\n${rest} further events are in the incident.` : '')
  );
}

/** Redacted and bounded before it is escaped: neither a secret nor an escape is cut in half. */
function text(long: string): string {
  const safe = redactText(long);
  return plain(safe.length <= textChars ? safe : `${safe.slice(0, textChars - 1)}…`);
}
