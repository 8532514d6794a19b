import { sha256 } from '#sha256';

export { sha256 };
