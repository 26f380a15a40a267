export { csvFiles, type CsvFile } from './csv-files.ts';
export { scoreFile, type Scored } from './scores.ts';
