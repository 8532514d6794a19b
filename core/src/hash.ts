import { sha256, sha256Into } from '#sha256';

export { sha256, sha256Into };
