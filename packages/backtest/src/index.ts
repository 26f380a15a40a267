export {
  startBacktest,
  type Backtest,
  type BacktestResult,
  type JudgedIncident,
  type SeriesOutcome,
} from './backtest.ts';
export { csvFiles, type CsvFile } from './csv-files.ts';
export { csvLine } from './csv-line.ts';
export { eventCounter, median, sumFigures, type EventFigures } from './events.ts';
export { replayFile } from './replay-files.ts';
export { scoreFile } from './scores.ts';
export { reportHtml } from './report-html.ts';
export { incidentText, reportText } from './report-text.ts';
export { type PastAnomaly, type PastIncident } from './past.ts';
export { proposeSensitivities, type Tuning } from './propose.ts';
