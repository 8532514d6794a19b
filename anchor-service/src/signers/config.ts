import * as v from 'valibot';

const path = v.pipe(v.string(), v.minLength(1), v.maxLength(4096));
const optionalPath = v.optional(v.nullable(path), null);
const label = v.pipe(v.string(), v.regex(/^[ -~]{1,64}$/));
const common = {
  /** which address it must have, when it is no longer the one that genesis names: after a rotation on the chain */
  address: v.optional(
    v.nullable(v.pipe(v.string(), v.regex(/^0x[0-9a-fA-F]{40}$/), v.toLowerCase())),
    null,
  ),
};

/** Where the key of the operator or the countersigner lies. */
export const signerSchema = v.variant('kind', [
  /** the role's file in the key folder */
  v.strictObject({ kind: v.literal('file'), ...common }),
  /** web3 secret storage, version 3; without a passwordFile its password is the key folder's passphrase */
  v.strictObject({
    kind: v.literal('keystore'),
    file: path,
    passwordFile: optionalPath,
    ...common,
  }),
  v.strictObject({
    kind: v.literal('environment'),
    development: v.optional(v.boolean(), false),
    ...common,
  }),
  v.strictObject({
    kind: v.literal('pkcs11'),
    /** the vendor's library; a bare path, loaded into this process */
    module: path,
    /** label of the token */
    token: label,
    /** label of private and public key */
    key: label,
    pinFile: optionalPath,
    ...common,
  }),
  v.strictObject({
    kind: v.literal('web3signer'),
    url: v.pipe(v.string(), v.maxLength(2048), v.url(), v.regex(/^https?:/)),
    caFile: optionalPath,
    certFile: optionalPath,
    keyFile: optionalPath,
    timeoutMs: v.optional(
      v.pipe(v.number(), v.integer(), v.minValue(10), v.maxValue(60_000)),
      5_000,
    ),
    ...common,
  }),
]);

export type SignerConfig = v.InferOutput<typeof signerSchema>;

/** The member with what it is when nobody says: the role's own key file. */
export const optionalSigner = v.optional(signerSchema, { kind: 'file' });

/** The same with absolute paths. @param at  makes a path absolute */
export function locateSigner(signer: SignerConfig, at: (relative: string) => string): SignerConfig {
  const file = (relative: string | null): string | null => relative && at(relative);
  switch (signer.kind) {
    case 'keystore':
      return { ...signer, file: at(signer.file), passwordFile: file(signer.passwordFile) };
    case 'pkcs11':
      return { ...signer, module: at(signer.module), pinFile: file(signer.pinFile) };
    case 'web3signer': {
      const { caFile, certFile, keyFile } = signer;
      return { ...signer, caFile: file(caFile), certFile: file(certFile), keyFile: file(keyFile) };
    }
    default:
      return signer;
  }
}
