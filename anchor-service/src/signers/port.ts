import type { LocalAccount } from 'viem/accounts';

/** Whoever holds the secp256k1 key of a role, wherever the key lies. */
export interface Signer {
  /** Signs transactions and EIP-712 typed data; its address is known before it signs. */
  account: LocalAccount;
  /** Gives back what it holds: a session with a token. */
  close(): Promise<void>;
}

/** Signer of a key that is in this process's memory or needs nothing to be given back. */
export function heldBy(account: LocalAccount): Signer {
  return { account, close: () => Promise.resolve() };
}

/** What only the environment may hold: never in a configuration, never in an argument. */
export interface SigningSecrets {
  /** 0x and 64 hex digits, for development */
  key?: string;
  /** of a PKCS#11 token */
  pin?: string;
}

/** What an environment says for the signer of a role; an empty variable counts as not set. */
export function signingSecrets(
  role: 'operator' | 'countersigner',
  env: Readonly<Record<string, string | undefined>>,
): SigningSecrets {
  const {
    SHOWCAUSE_OPERATOR_KEY: operator,
    SHOWCAUSE_COUNTERSIGNER_KEY: countersigner,
    SHOWCAUSE_PKCS11_PIN: pin = '',
  } = env;
  const key = (role === 'operator' ? operator : countersigner) ?? '';
  return { ...(key === '' ? {} : { key }), ...(pin === '' ? {} : { pin }) };
}
