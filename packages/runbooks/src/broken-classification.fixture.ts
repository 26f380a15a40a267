/** Ways in which people get classification.yaml wrong. */
const good = `schema: 1
shipped: true
rules:
  - id: workers-are-behind
    type: resource_exhaustion
    from: [high_latency, unknown]
    metrics: [queue, backlog]
    alerts: [quota]
    labels: { zone: a }
    status:
      - { check: queue_backlog, is: degraded }
    facts:
      - { check: queue_backlog, fact: oldestWaitMs, op: '>', value: 60000 }
  - { id: other, type: service_down, metrics: [up] }
`;

/** What is replaced, and by what. */
const broken: [name: string, from: string, to: string][] = [
  ['a tab', '    type: resource', '\ttype: resource'],
  ['an open bracket', '[queue, backlog]', '[queue, backlog'],
  ['a key twice', 'shipped: true', 'shipped: true\nshipped: false'],
  ['another schema', 'schema: 1', 'schema: 2'],
  ['no schema', 'schema: 1\n', ''],
  ['a second document', '  - { id: other', '---\n  - { id: other'],
  ['shipped as a word', 'shipped: true', 'shipped: sometimes'],
  ['a misspelt field', 'shipped: true', 'ships: true'],
  ['no rules', good.slice(good.indexOf('rules:')), ''],
  ['rules as a map', good.slice(good.indexOf('rules:')), 'rules: { a: b }\n'],
  ['a rule without an id', '  - id: workers-are-behind\n    type', '  - type'],
  ['an id with a space', 'id: workers-are-behind', 'id: workers are behind'],
  ['an id twice', 'id: other', 'id: workers-are-behind'],
  ['no type', '    type: resource_exhaustion\n', ''],
  ['an unknown type', 'type: resource_exhaustion', 'type: slow'],
  ['two types', 'type: resource_exhaustion', 'type: [service_down, unknown]'],
  ['from an unknown type', '[high_latency, unknown]', '[slow]'],
  ['from nothing', '[high_latency, unknown]', '[]'],
  ['a word in capitals', '[queue, backlog]', '[Queue]'],
  ['two words in one', '[queue, backlog]', '[queue depth]'],
  ['a pattern for a word', '[queue, backlog]', "['queue*']"],
  ['words as one text', '[queue, backlog]', 'queue'],
  ['no words', '[quota]', '[]'],
  ['labels as a list', '{ zone: a }', '[zone]'],
  ['a label that is no text', '{ zone: a }', '{ zone: 3 }'],
  ['an unknown check', '{ check: queue_backlog, is', '{ check: queue, is'],
  ['a status that proves nothing', 'is: degraded', 'is: unknown'],
  ['an unknown fact', 'fact: oldestWaitMs', 'fact: oldest'],
  ['a fact against the wrong type', 'value: 60000', "value: '60000'"],
  ['an unknown comparison', "op: '>'", "op: 'over'"],
  ['an unknown field of a rule', 'alerts: [quota]', 'alert: [quota]'],
  ['a rule without a condition', ', metrics: [up] }', ' }'],
];

export const brokenClassifications = { good, broken };
