/** What `npm run build` made of the contracts: interface, creation code and its keccak256. */
export {
  loanDisbursementAbi,
  loanDisbursementCreationCode,
} from './generated/loan-disbursement.ts';
export { ruleGuardAbi, ruleGuardCreationCode } from './generated/rule-guard.ts';
export {
  showcauseLogAbi,
  showcauseLogCreationCode,
  showcauseLogCreationCodeHash,
} from './generated/showcause-log.ts';
export {
  showcauseLogSuccessorAbi,
  showcauseLogSuccessorCreationCode,
} from './generated/showcause-log-successor.ts';
/** OpenZeppelin's, compiled by the same build: who may resume, unfreeze and rotate. */
export {
  timelockControllerAbi,
  timelockControllerCreationCode,
} from './generated/timelock-controller.ts';
