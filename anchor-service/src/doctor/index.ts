/** What an operator wants to know before trusting a machine with a log. */
export { diagnose } from './diagnose.ts';
export type { DoctorDeps } from './diagnose.ts';
export { diagnosisOf } from './finding.ts';
export type { Diagnosis, Finding, FindingLevel } from './finding.ts';
