import { InvalidArgumentError } from 'commander';

/** What `policyFingerprint` gives: SHA-256 in base64 without padding. */
const FINGERPRINT = /^SHA256:[A-Za-z0-9+/]{43}$/;
const SCHEME = /^[a-z][a-z0-9+.-]*:\/\//i;
const LOG_ADDRESS = /^https?:\/\/[^\s?#@]+$/;

/** A slip of the pen is no refutation: what cannot be a fingerprint is refused as an argument. */
export function fingerprint(text: string): string {
  if (!FINGERPRINT.test(text)) throw new InvalidArgumentError('Want SHA256: and 43 characters.');
  return text;
}

export function httpAddress(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:')
    throw new InvalidArgumentError('Want an address with http:// or https://.');
  return text;
}

/** A folder, or an address: whatever has a scheme is one. */
export function logPlace(text: string): string {
  if (SCHEME.test(text) && !(LOG_ADDRESS.test(text) && URL.canParse(text)))
    throw new InvalidArgumentError(
      'Want a folder, or http(s)://host/prefix without user or query.',
    );
  return text;
}
