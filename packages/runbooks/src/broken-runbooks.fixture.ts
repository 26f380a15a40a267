/** Ways in which people get a runbook wrong. */
const good = `schema: 1
id: relieve
title: Relieve it
mode: approve
match:
  type: high_latency
  severity: [critical]
  labels: { zone: a }
  status:
    - { check: disk_usage, is: degraded }
  facts:
    - { check: disk_usage, fact: usedPercent, op: '>', value: 90 }
steps:
  - id: first
    action: scale_up
    target: shop-api
    params: { add: 1 }
    timeoutMs: 30000
    maxRetries: 1
    backOffMs: 1000
  - action: restart_service
    when: { steps: [{ step: first, is: succeeded }] }
    waitUntil: { afterMs: 5000 }
verify: { holdSeconds: 60 }
`;

/** What is replaced, and by what. */
const broken: [name: string, from: string, to: string][] = [
  ['a tab', '  type: high', '\ttype: high'],
  ['an open bracket', '[critical]', '[critical'],
  ['an open quote', 'title: Relieve it', 'title: "Relieve it'],
  ['a key twice', 'mode: approve', 'mode: approve\nmode: auto'],
  ['a value where a map belongs', 'match:\n  type: high_latency', 'match: high_latency\nx:\n  y: 1'],
  ['a list where the file should be a map', 'schema: 1', '- schema: 1'],
  ['an unknown anchor', 'title: Relieve it', 'title: *nowhere'],
  ['another schema', 'schema: 1', 'schema: 2'],
  ['the schema as text', 'schema: 1', "schema: '1'"],
  ['no schema', 'schema: 1\n', ''],
  ['no id', 'id: relieve\n', ''],
  ['an empty id', 'id: relieve', "id: ''"],
  ['an id with a space', 'id: relieve', 'id: relieve it'],
  ['an id that is a number', 'id: relieve', 'id: 17'],
  ['no title', 'title: Relieve it\n', ''],
  ['an empty title', 'title: Relieve it', "title: ''"],
  ['a title that is too long', 'Relieve it', 'x'.repeat(201)],
  ['an unknown mode', 'mode: approve', 'mode: automatic'],
  ['a misspelt field', 'mode: approve', 'mood: approve'],
  ['a safety override', 'mode: approve', 'safetyOverride: true'],
  ['no match', 'match:', 'matches:'],
  ['an unknown type', 'type: high_latency', 'type: slow'],
  ['an empty list of types', 'type: high_latency', 'type: []'],
  ['an unknown severity', '[critical]', '[page]'],
  ['severity as a word', '[critical]', 'critical'],
  ['labels as a list', '{ zone: a }', '[zone]'],
  ['a label that is no text', '{ zone: a }', '{ zone: 3 }'],
  ['services by a wildcard', 'type: high_latency', "type: high_latency\n  services: ['*']"],
  ['an unknown check', '{ check: disk_usage, is', '{ check: disk, is'],
  ['a status that proves nothing', 'is: degraded', 'is: unknown'],
  ['an unknown fact', 'fact: usedPercent', 'fact: percentUsed'],
  ['a fact against the wrong type', 'value: 90', "value: '90'"],
  ['an unknown comparison', "op: '>'", "op: 'more'"],
  ['an order of what has none', "fact: usedPercent, op: '>', value: 90", "fact: freeBytes, op: '~', value: 90"],
  ['a condition without a value', ', value: 90', ''],
  ['no steps', good.slice(good.indexOf('steps:')), 'steps: []\n'],
  ['steps that are missing', good.slice(good.indexOf('steps:')), ''],
  ['an unknown action', 'action: scale_up', 'action: delete_data'],
  ['a step without an action', '    action: scale_up\n', ''],
  ['a target by a wildcard', 'target: shop-api', "target: 'shop-*'"],
  ['an empty target', 'target: shop-api', "target: ''"],
  ['a NaN', '{ add: 1 }', '{ add: .nan }'],
  ['an infinity', '{ add: 1 }', '{ add: .inf }'],
  ['a list as a parameter', '{ add: 1 }', '{ add: [1] }'],
  ['a parameter from an unknown fact', '{ add: 1 }', '{ add: { check: queue_backlog, fact: depth, min: 1, max: 3 } }'],
  [
    'a parameter from a fact of the wrong type',
    '{ add: 1 }',
    '{ add: { check: queue_backlog, fact: paused, min: 1, max: 3 } }',
  ],
  ['bounds the wrong way round', '{ add: 1 }', '{ add: { check: queue_backlog, fact: workers, min: 3, max: 1 } }'],
  ['a time beyond the limit', 'timeoutMs: 30000', 'timeoutMs: 600001'],
  ['a time with a unit', 'timeoutMs: 30000', 'timeoutMs: 30s'],
  ['a negative number of retries', 'maxRetries: 1', 'maxRetries: -1'],
  ['more retries than allowed', 'maxRetries: 1', 'maxRetries: 6'],
  ['half a retry', 'maxRetries: 1', 'maxRetries: 0.5'],
  ['no back-off', 'backOffMs: 1000', 'backOffMs: 0'],
  ['a step that is not there', 'step: first', 'step: frist'],
  ['an end that is none', 'is: succeeded', 'is: done'],
  ['a wait without a measure', '{ afterMs: 5000 }', '{ after: 5000 }'],
  ['a wait of an hour', '{ afterMs: 5000 }', '{ afterMs: 3600000 }'],
  ['an empty answer to failure', '    waitUntil:', '    onFailure: []\n    waitUntil:'],
  [
    'an answer within an answer',
    '    waitUntil:',
    '    onFailure: [{ action: scale_up, onFailure: [{ action: scale_up }] }]\n    waitUntil:',
  ],
  ['a proof that cannot come in time', 'holdSeconds: 60', 'holdSeconds: 3600'],
  ['twenty-one steps', '  - action: restart_service\n', '  - action: restart_service\n'.repeat(21)],
];

export const brokenRunbooks = { good, broken };
