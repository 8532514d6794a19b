export { signerErrorCodes, SignerError } from './errors.ts';
export type { SignerErrorCode } from './errors.ts';
export { makeKeystore, openKeystore } from './keystore.ts';
export { openSigner, readPassword } from './open.ts';
export type { SignerOptions } from './open.ts';
export { signingSecrets } from './port.ts';
export type { Signer, SigningSecrets } from './port.ts';
export type { SignerConfig } from './config.ts';
