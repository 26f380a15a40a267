/**
 * Every safety limit of Nightshift, in one reviewed file. Each has its unit in its name and its reason beside it.
 * Configuration may make a limit stricter, never looser. `docs/limits.md` is this file, rendered.
 */

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;

/** What automation may do to other people's systems. Enforced in the ledger's admission transaction. */
export const actionLimits = {
  /** Instances added per target and window: a scaling loop must hit a wall long before the bill or a database does. */
  instancesAddedPerTarget: { max: 3, windowMs: 1 * hour },
  /** Restarts per target: a third restart in ten minutes hides a fault instead of mending it. */
  restartsPerTarget: { max: 2, windowMs: 10 * minute },
  /** Only a deployment this young may be rolled back: older ones have schema and data that depend on them. */
  rollbackWindowMs: 60 * minute,
  /** Actions of any type on one target: more means that the remedy does not work. */
  actionsPerTarget: { max: 4, windowMs: 10 * minute },
  /** Actions of any type on one service. */
  actionsPerService: { max: 6, windowMs: 10 * minute },
  /** Actions everywhere: the last wall when everything looks sick at once. */
  actionsGlobal: { max: 20, windowMs: 10 * minute },
  /** Actions per incident: after these a person looks. */
  actionsPerIncident: { max: 6 },
  /** Locations that are acted in: what is wrong in one place must not be carried to the next before anybody could see it. */
  locationsAtOnce: { max: 1, windowMs: 10 * minute },
  /** Without a person, no more of the services of the catalogue than this share (or so many) may feel what was done in the window. */
  blastRadius: { share: 0.5, atLeast: 5, windowMs: 10 * minute },
  /** After an action for one incident, before one for another on the same target: the target must show first what it did. */
  coolDownMs: { default: 30 * second, max: 1 * hour },
  /** Default and greatest time for one action, and how often it may be tried again. */
  timeoutMs: { default: 30 * second, max: 10 * minute },
  maxRetries: { default: 1, max: 5 },
  /** Pause before the first repeat of an action; it doubles up to the greatest. */
  backOffMs: { default: 1 * second, max: 1 * minute },
  /** A lease outlives the action's own timeout by this much, so that a living executor always records before it expires. */
  leaseMarginMs: 5 * second,
} as const;

/** Actions that always need a person, whatever a runbook says. */
export const alwaysApprove = { failover_db: 2, drain_queue: 1 } as const satisfies Record<string, number>;

/** When so many services of the catalogue are sick at once that acting on each of them is wrong: all acting stops, and one page goes out. */
export const breakerLimits = {
  /** More than this share of the services of the catalogue, and at least so many of them, have an open incident. */
  share: 0.4,
  atLeast: 3,
  /** It closes by itself only when no more than this share (or one service) was sick for so long. */
  closeShare: 0.15,
  calmMs: 5 * minute,
} as const;

/** When what a runbook may do for a service changes. Up: proposed, and decided by a person. Down: by itself. */
export const modeLimits = {
  /** Plans that it only observed, before asking people with it is proposed. */
  observedBeforeApprove: 3,
  /** Lower bound of the 95% interval of its success rate, before it is proposed to act alone: 9 of 9, or 14 of 15. */
  successAtLeast: 0.7,
  /** Failures in a row that take it down one mode: one may be bad luck. */
  demoteAfterFailures: 2,
} as const;

/** Longest stay of an incident in each state before the sweeper moves it on (to a person, unless said otherwise). */
export const stateDeadlinesMs = {
  open: 1 * minute,
  diagnosing: 1 * minute,
  deciding: 1 * minute,
  awaiting_approval: 15 * minute,
  remediating: 15 * minute,
  verifying: 5 * minute,
  /** Not an end but a reminder: an escalated incident nobody resolved is paged again. */
  escalated: 1 * hour,
  /** After this a resolved incident closes; before it, new anomalies reopen it. */
  resolved: 10 * minute,
} as const;

/** How often an incident may go back from verifying to deciding, or be reopened, before a person must look. */
export const attemptLimits = { decisions: 2, reopens: 3 } as const;

/** Bounds on what comes in from outside. */
export const inputLimits = {
  bodyBytes: 8 * 1024 * 1024,
  samplesPerRequest: 10_000,
  labelsPerSample: 32,
  labelNameChars: 128,
  labelValueChars: 1_024,
  metricNameChars: 256,
  /** Name and all labels of a series as canonical UTF-8 text: they must fit an index entry of Postgres (2,704 bytes). */
  seriesKeyBytes: 2_400,
  /** A sample older than this is history, not a signal; a newer one is a wrong clock. */
  sampleAgeMs: 24 * hour,
  sampleAheadMs: 10 * minute,
  /** New series beyond this are refused and counted; known ones go on. */
  seriesTotal: 1_000_000,
  /** Metrics whose kind, as senders say it, is written down. */
  metricKinds: 50_000,
  /** Of `seriesTotal`, what one sender may register unless its token says otherwise: none may take the room of all. */
  seriesPerToken: 250_000,
  /** Samples a second that one ingest process takes of one sender unless its token says otherwise, and the most that a token may say. */
  samplesPerSecondPerToken: { default: 100_000, max: 10_000_000 },
  /** The same for series that are new: each is a row of the database and a state of a detector. */
  newSeriesPerSecondPerToken: { default: 2_000, max: 1_000_000 },
  /** Bytes of one diagnostic output kept; the rest is cut. */
  outputChars: 4_000,
  configFileBytes: 1024 * 1024,
} as const;

/** Bounds on what an incident keeps. */
export const incidentLimits = { seriesPerIncident: 50, pointsPerSeries: 3_600, anomaliesListed: 20 } as const;

/** A silence always ends; so many may be in force. */
export const silenceLimits = { longestMs: 30 * 24 * hour, inForce: 1_000, labels: 16 } as const;

/** A freeze that a person declares always ends; so many may be in force or to come. */
export const freezeLimits = { longestMs: 30 * 24 * hour, inForce: 200 } as const;

/** How much is remembered of breaches that opened nothing. */
export const whyNotLimits = { keptMs: 7 * 24 * hour, perService: 500, detailChars: 300 } as const;

/** How long, and how many, anomalies are kept that have ended; those of an incident that is not closed always are. */
export const anomalyLimits = { keptMs: 90 * 24 * hour, kept: 1_000_000 } as const;

/** Flapping: of a service whose incidents come back within this time each counts; beyond it, calm must last longer, up to the most. */
export const flapLimits = { withinMs: 6 * hour, longestHoldMs: 30 * minute } as const;

/** Bounds of one on-call schedule, and how far ahead it is worked out. */
export const scheduleLimits = {
  people: 100,
  layers: 20,
  hours: 20,
  holidays: 400,
  overrides: 500,
  horizonMs: 400 * 24 * hour,
} as const;
