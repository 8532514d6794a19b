import { CodedError } from '@showcause/core';
import type { ErrorFacts } from '@showcause/core';

/** What each code of a signer means and what to do. `docs/errors.md` lists the same; a test compares the two. */
export const signerErrorCodes = {
  SIGNER_KEYSTORE: {
    means: 'not a keystore file that this program reads',
    fix: 'Give a web3 secret storage file of version 3 with aes-128-ctr and scrypt or pbkdf2.',
  },
  SIGNER_PASSWORD: {
    means: 'password does not open the keystore, or its file was changed',
    fix: 'Give the password that the keystore was made with, alone in a file of mode 0600.',
  },
  SIGNER_DEVELOPMENT: {
    means: 'key from the environment on a chain that is not for development',
    fix: 'Use a keystore, an HSM or a remote signer; on a test chain set "development": true in the signer.',
  },
  SIGNER_ENVIRONMENT: {
    means: 'no usable secret in the environment',
    fix: 'Set SHOWCAUSE_OPERATOR_KEY or SHOWCAUSE_COUNTERSIGNER_KEY to 0x and 64 hex digits.',
  },
  SIGNER_ADDRESS: {
    means: 'signer holds another key than the one of its role',
    fix: 'Give the key that genesis names; after a rotation on the chain set "address" in the signer.',
  },
  SIGNER_MODULE: {
    means: 'PKCS#11 module cannot be used',
    fix: 'Install graphene-pk11 beside this program, and check the path of the module.',
  },
  SIGNER_PIN: {
    means: 'token takes no PIN from here',
    fix: 'Put the PIN alone into pinFile, mode 0600, or into SHOWCAUSE_PKCS11_PIN; look for a locked token.',
  },
  SIGNER_KEY: {
    means: 'signer has no single key of this name or address on secp256k1',
    fix: 'Check token and key label, or the address; private and public key share one id.',
  },
  SIGNER_UNREACHABLE: {
    means: 'remote signer does not answer',
    fix: 'Check address, certificates and whether it runs.',
  },
  SIGNER_REFUSED: {
    means: 'remote signer or token refused to sign',
    fix: 'Read its own log; it names the reason.',
  },
  SIGNER_ANSWER: {
    means: "signer answered something that is not this key's signature",
    fix: 'Do not use it until it is known why: what it signed is not what it was asked to.',
  },
} as const;

export type SignerErrorCode = keyof typeof signerErrorCodes;

/** A signer cannot be used. Its facts never hold a key, a password or a PIN. */
export class SignerError extends CodedError {
  override readonly name: string = 'SignerError';
  declare readonly code: SignerErrorCode;

  constructor(code: SignerErrorCode, facts: ErrorFacts) {
    super(code, signerErrorCodes[code], facts);
  }
}
