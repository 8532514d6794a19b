/** What `npm run build` made of ShowcauseLog.sol: the interface and the code that CREATE2 deploys, with its keccak256. */
export {
  showcauseLogAbi,
  showcauseLogCreationCode,
  showcauseLogCreationCodeHash,
} from './generated/showcause-log.ts';
