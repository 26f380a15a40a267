export { readCalendar, writeCalendar, type Imported } from './calendar.ts';
export { checkOnCall, loadsOf, type Finding, type Load } from './check.ts';
export {
  bySchedule,
  dutyAt,
  shiftsBetween,
  type Duty,
  type Override,
  type OverridesBySchedule,
  type Shift,
} from './duty.ts';
export type { Span } from './hours.ts';
export { readLocal, writeLocal } from './wall-clock.ts';
