/** What the API says and the page reads. All times are epoch ms by the database's clock. */
import type { Breach, Breaker } from '@nightshift/lifecycle';
import type { SeriesPage, ServiceSeries } from '@nightshift/runtime';
import type {
  Action,
  Anomaly,
  Approval,
  Deployment,
  DiagnosticResult,
  Freeze,
  FreezeWindow,
  Frozen,
  Incident,
  JobName,
  Page,
  Plan,
  Postmortem,
  Silence,
  TimelineEntry,
} from '@nightshift/types';

export type { Decision, Explanation } from '@nightshift/runbooks';

export type ServicesAnswer = { now: number; services: ServiceSeries[] };
export type SeriesAnswer = { now: number } & SeriesPage;

/** Silences to come, in force, and over since yesterday. */
export type SilencesAnswer = { now: number; silences: Silence[] };
export type SilenceAnswer = { silence: Silence };
export type WhyNotAnswer = { now: number; breaches: Breach[] };

/** What is frozen now, declared freezes to come, in force, and over since yesterday, and freezes.yaml. */
export type FreezesAnswer = { now: number; frozen: Frozen[]; declared: Freeze[]; calendar: FreezeWindow[] };
export type FreezeAnswer = { freeze: Freeze };

export type ApiError = { error: { code: string; message: string; help: string } };

export type Me = {
  name: string;
  csrf: string;
  expiresAt: number;
  /** Where metrics are pushed, if this console was told. */
  ingestUrl: string | null;
  /** Whether the page may break the demo shop. */
  demo: boolean;
};

export type IncidentRow = Incident & { waitsForApproval: boolean };
export type IncidentList = { now: number; incidents: IncidentRow[]; next: string | null };

/** What happens now, and what happens by itself at `at` if nothing else does. */
export type NextStep = { present: string; then: string | null; at: number | null };

export type ShownApproval = Approval & {
  /** What is signed, by its hash. Null where what is on record does not have that hash: nobody should sign it. */
  plan: Plan | null;
  decisions: { approver: string; verdict: 'approve' | 'reject'; reason: string; at: number }[];
};

export type ShownAnomaly = Anomaly & { endedAt: number | null };
export type ShownDiagnostic = DiagnosticResult;
export type ShownNotification = {
  id: string;
  incidentId: string;
  channel: string;
  recipient: string;
  level: number;
  round: number;
  state: 'pending' | 'sent' | 'failed' | 'cancelled';
  attempts: number;
  sentAt: number | null;
  error: string | null;
  /** Without its acknowledge link, which is signed for one person. */
  page: Omit<Page, 'acknowledgeUrl'> | null;
};

/** Columns, not rows: a chart takes them as they are. */
export type Points = {
  at: number[];
  value: number[];
  expected: (number | null)[];
  low: (number | null)[];
  high: (number | null)[];
};
export type ShownSeries = {
  seriesId: number;
  metric: string;
  labels: Record<string, string>;
  /** Left its band in this incident. */
  anomalous: boolean;
  /** Only for the first series; the others come from `/points`. */
  points: Points | null;
};

/** How far one series is on its way back: fresh samples inside the band of before, in a row, up to the newest. */
export type Recovery = {
  seriesId: number;
  metric: string;
  cleanSamples: number;
  cleanMs: number;
  lastAt: number | null;
};
export type RecoveryRule = { minSamples: number; holdMs: number };

export type Similar = Pick<Incident, 'id' | 'title' | 'openedAt' | 'onsetAt' | 'resolvedAt' | 'resolution' | 'runbook'>;

export type IncidentDetail = {
  now: number;
  incident: Incident;
  cause: string;
  next: NextStep;
  timeline: TimelineEntry[];
  diagnostics: ShownDiagnostic[];
  actions: Action[];
  approval: ShownApproval | null;
  anomalies: ShownAnomaly[];
  notifications: ShownNotification[];
  escalation: { policy: string; level: number; round: number; nextAt: number | null } | null;
  deployments: Deployment[];
  series: ShownSeries[];
  recovery: { series: Recovery[]; rule: RecoveryRule | null } | null;
  similar: Similar[];
  postmortem: (Postmortem & { writtenAt: number }) | null;
};

export type PointsAnswer = { now: number; points: Points };

export type KillSwitchState = { on: boolean; by: string; at: number; reason: string };
export type QueueDepth =
  | { job: JobName; waiting: number; active: number; delayed: number; failed: number }
  | { job: JobName; unreachable: true };

export type Overview = {
  now: number;
  open: number;
  critical: number;
  waitingForApproval: number;
  escalatedUnacknowledged: number;
  /** Services with an open incident. */
  services: { service: string; state: Incident['state']; severity: Incident['severity']; incidentId: string }[];
  /** Of the last seven days. Medians in ms, null where there is nothing yet. */
  week: {
    resolved: number;
    automated: number;
    falsePositives: number;
    pages: number;
    medianToResolveMs: number | null;
  };
  killSwitch: KillSwitchState;
  frozen: Frozen[];
  breaker: Breaker;
  queues: QueueDepth[];
  /** Known series, counted up to 1,000: an empty page says how to begin. */
  series: number;
};

export type Inbox = {
  now: number;
  pages: (ShownNotification & { acknowledgedBy: string | null; incidentState: Incident['state'] })[];
};

export type DemoProcess = { name: string; state: string; version: string };
export type Demo = { scenarios: readonly string[]; processes: DemoProcess[] };
