import { fromHex, toHex } from '@showcause/core';
import { keccak256 } from 'viem';
import { ethereumAddress } from '../chain/accounts.ts';
import type { SignerConfig } from './config.ts';
import { SignerError } from './errors.ts';
import { externalAccount } from './external-account.ts';
import { importGraphene } from './graphene.ts';
import type { Graphene, Session, Slot } from './graphene.ts';
import type { Signer } from './port.ts';

type Config = Extract<SignerConfig, { kind: 'pkcs11' }>;

/** DER of the curve's object identifier, 1.3.132.0.10. */
const SECP256K1 = '06052b8104000a';

/** A session in which the user is known and the key was found. */
interface Opened {
  session: Session;
  key: unknown;
  /** x ‖ y */
  publicKey: Uint8Array;
}

/**
 * A key inside a PKCS#11 token. It never leaves it: the token gets a digest and gives r ‖ s (CKM_ECDSA). A session that
 * the token gave up is opened anew with the next signature.
 * @param pin  of the user
 * @throws {SignerError} `SIGNER_MODULE`, `SIGNER_PIN`, `SIGNER_KEY`
 */
export async function openPkcs11(
  config: Config,
  pin: string,
  load: () => Promise<Graphene> = importGraphene,
): Promise<Signer> {
  const graphene = await loadGraphene(load);
  const slot = findSlot(graphene, config);
  let opened: Opened | null = openSession(graphene, slot, config, pin);
  const account = externalAccount(ethereumAddress(opened.publicKey), (preimage) => {
    opened ??= openSession(graphene, slot, config, pin);
    const { session, key } = opened;
    try {
      const digest = Buffer.from(keccak256(preimage, 'bytes'));
      return Promise.resolve(new Uint8Array(session.createSign('ECDSA', key).once(digest)));
    } catch (error) {
      closeQuietly(session);
      opened = null;
      throw new SignerError('SIGNER_REFUSED', { got: reasonOf(error) });
    }
  });
  return {
    account,
    close() {
      // No logout: it would end every session that this process has with the token.
      if (opened !== null) closeQuietly(opened.session);
      opened = null;
      return Promise.resolve();
    },
  };
}

async function loadGraphene(load: () => Promise<Graphene>): Promise<Graphene> {
  try {
    return await load();
  } catch {
    throw new SignerError('SIGNER_MODULE', { got: 'no graphene-pk11 that loads' });
  }
}

function findSlot(graphene: Graphene, { module: file, token }: Config): Slot {
  const slots: Slot[] = [];
  try {
    const module = graphene.Module.load(file);
    module.initialize();
    const found = module.getSlots(true);
    for (let i = 0; i < found.length; i++) slots.push(found.items(i));
  } catch (error) {
    throw new SignerError('SIGNER_MODULE', { got: `${reasonOf(error)} from ${file}` });
  }
  const named = slots.filter((slot) => labelOf(slot) === token);
  if (named.length !== 1)
    throw new SignerError('SIGNER_KEY', {
      got: `${named.length} tokens`,
      want: `one labelled ${token}`,
    });
  return named[0]!;
}

function labelOf(slot: Slot): string | null {
  try {
    return slot.getToken().label.trimEnd();
  } catch {
    return null; // taken out since it was listed
  }
}

function openSession(graphene: Graphene, slot: Slot, config: Config, pin: string): Opened {
  let session: Session;
  try {
    session = slot.open(graphene.SessionFlag.SERIAL_SESSION);
  } catch (error) {
    throw new SignerError('SIGNER_REFUSED', { got: reasonOf(error) });
  }
  try {
    login(graphene, session, pin);
    return { session, ...findKey(graphene, session, config.key) };
  } catch (error) {
    closeQuietly(session);
    if (error instanceof SignerError) throw error;
    throw new SignerError('SIGNER_REFUSED', { got: reasonOf(error) });
  }
}

function login(graphene: Graphene, session: Session, pin: string): void {
  try {
    session.login(pin, graphene.UserType.USER);
  } catch (error) {
    const reason = reasonOf(error);
    // Another log of this process uses the same token.
    if (reason !== 'CKR_USER_ALREADY_LOGGED_IN')
      throw new SignerError('SIGNER_PIN', { got: reason });
  }
}

function findKey(
  { ObjectClass }: Graphene,
  session: Session,
  label: string,
): { key: unknown; publicKey: Uint8Array } {
  const keys = session.find({ class: ObjectClass.PRIVATE_KEY, label });
  if (keys.length !== 1)
    throw new SignerError('SIGNER_KEY', {
      got: `${keys.length} private keys`,
      want: `one labelled ${label}`,
    });
  const key = keys.items(0);
  const { id } = key.getAttribute({ id: null });
  const halves = session.find({
    class: ObjectClass.PUBLIC_KEY,
    ...(id ? { id } : {}),
    label,
  });
  if (halves.length !== 1)
    throw new SignerError('SIGNER_KEY', {
      got: `${halves.length} public keys`,
      want: 'one beside the private',
    });
  const { paramsEC, pointEC } = halves.items(0).getAttribute({ paramsEC: null, pointEC: null });
  return { key: key.toType(), publicKey: pointOf(paramsEC, pointEC) };
}

/** An uncompressed point, within an OCTET STRING as PKCS#11 has it or bare as some tokens do. */
function pointOf(params: Buffer | null | undefined, point: Buffer | null | undefined): Uint8Array {
  const [, xy] = /^(?:0441)?04([0-9a-f]{128})$/.exec(toHex(point ?? new Uint8Array(0))) ?? [];
  if (toHex(params ?? new Uint8Array(0)) !== SECP256K1 || xy === undefined)
    throw new SignerError('SIGNER_KEY', { got: 'a key of another curve', want: 'secp256k1' });
  return fromHex(xy, 64);
}

function closeQuietly(session: Session): void {
  try {
    session.close();
  } catch {
    // gone already
  }
}

/** The token's own code alone: a message may hold more than that. */
function reasonOf(error: unknown): string {
  return /CKR_[A-Z_]+/.exec(String((error as Error).message))?.[0] ?? 'no code of PKCS#11';
}
