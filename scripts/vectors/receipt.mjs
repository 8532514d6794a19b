import {
  encodeReceiptHeader,
  encodeSignedPromise,
  formatReceipt,
  formatTlogProof,
  inclusionPath,
  merkleRoot,
  signCheckpoint,
  ed25519NoteSigner,
} from './core.mjs';
import * as w from './world.mjs';
import { plain, toBase64, toHex } from './world.mjs';

const header = {
  promise: w.signed,
  index: 2,
  path: w.batchPath(2),
  entry: w.decision,
  opening: w.opening('responseHash'),
};

function receiptFile() {
  const size = w.logLeaves.length;
  const root = merkleRoot(w.logLeaves);
  const signer = ed25519NoteSigner(w.origin, w.logKey.publicKey, w.logKey.sign);
  const checkpoint = signCheckpoint({ origin: w.origin, size, root }, [signer]);
  const index = size - 1;
  return {
    v: 1,
    type: 'showcause/receipt',
    logId: toHex(w.logId),
    entry: toBase64(w.decision),
    promise: toBase64(encodeSignedPromise(w.signed)),
    batch: { index: 2, path: w.batchPath(2).map(toHex) },
    openings: ['responseHash', 'outcome', 'reasons'].map((member) => plain(w.opening(member))),
    key: toBase64(w.keyRegistration.bytes),
    genesis: toBase64(w.genesis),
    proof: formatTlogProof({ index, hashes: inclusionPath(w.logLeaves, index), checkpoint }),
    anchor: {
      chainId: 31337,
      contract: `0x${'c7'.repeat(20)}`,
      size,
      root: toHex(root),
      blockNumber: 12,
      blockHash: `0x${'b1'.repeat(32)}`,
      transactionHash: `0x${'7a'.repeat(32)}`,
      checkpoint: toBase64(checkpoint),
    },
  };
}

export function receipt() {
  const text = encodeReceiptHeader(header);
  const bytes = Buffer.from(text, 'base64url');
  const patched = (change) => {
    const copy = Buffer.from(bytes);
    change(copy);
    return copy.toString('base64url');
  };
  const entryAt = 217 + 32 * header.path.length;
  const openingAt = entryAt + 2 + header.entry.length;
  const bad = (name, header) => ({ name, code: 'RECEIPT_MALFORMED', header });
  const file = receiptFile();
  const badFile = (name, change) => ({
    name,
    code: 'RECEIPT_MALFORMED',
    text: typeof change === 'string' ? change : formatReceipt({ ...file, ...change }),
  });
  const { proof: _, ...withoutProof } = file;
  return {
    comment:
      'header: value of Decision-Receipt with its fields. file: a receipt file, accepted, logged and anchored (the chain is invented). refused: what no parser may accept, whatever the signatures say.',
    header: {
      text,
      promise: toHex(w.signed.bytes),
      signature: toHex(w.signed.signature),
      index: 2,
      path: header.path.map(toHex),
      entry: w.text(w.decision),
      opening: plain(header.opening),
    },
    files: [
      { name: 'accepted, logged, anchored', text: formatReceipt(file) },
      { name: 'accepted alone', text: formatReceipt({ ...file, proof: null, anchor: null }) },
    ],
    refusedHeaders: [
      bad('no characters', ''),
      bad('padding', `${text}=`),
      bad('a blank', `${text.slice(0, 40)} ${text.slice(40)}`),
      bad('standard base64', Buffer.concat([bytes, Buffer.from('fbff', 'hex')]).toString('base64')),
      bad('a trailing byte', Buffer.concat([bytes, Buffer.from([0])]).toString('base64url')),
      bad('a byte short', bytes.subarray(0, -1).toString('base64url')),
      bad('over 4,096 characters', text + 'A'.repeat(4097 - text.length)),
      bad(
        'a promise with another label',
        patched((b) => (b[0] ^= 1)),
      ),
      bad(
        'more than 32 hashes',
        patched((b) => (b[216] = 33)),
      ),
      bad(
        'an entry beyond the end',
        patched((b) => b.writeUInt16BE(65_535, entryAt)),
      ),
      bad(
        'more than 10 siblings',
        patched((b) => (b[openingAt + 34] = 11)),
      ),
      bad(
        'a claim that is no JSON',
        patched((b) => (b[b.length - 1] = 0x7b)),
      ),
    ],
    refusedFiles: [
      badFile('no JSON', 'receipt'),
      badFile('a list', '[]'),
      badFile('another version', { v: 2 }),
      badFile('another type', { type: 'receipt' }),
      badFile('an unknown member', { extra: null }),
      badFile('no proof member', `${JSON.stringify(withoutProof)}\n`),
      badFile('a member twice', formatReceipt(file).replace('"v": 1,', '"v": 1, "v": 1,')),
      badFile('a logId in capitals', { logId: file.logId.toUpperCase() }),
      badFile('an entry with a blank', { entry: ` ${file.entry}` }),
      badFile('an empty entry', { entry: '' }),
      badFile('a promise of 211 bytes', {
        promise: toBase64(encodeSignedPromise(w.signed).subarray(1)),
      }),
      badFile('a negative index', { batch: { ...file.batch, index: -1 } }),
      badFile('an index of 2^32', { batch: { ...file.batch, index: 2 ** 32 } }),
      badFile('half an index', { batch: { ...file.batch, index: 0.5 } }),
      badFile('33 hashes', { batch: { index: 2, path: Array(33).fill('00'.repeat(32)) } }),
      badFile('a hash of 31 bytes', { batch: { index: 2, path: ['00'.repeat(31)] } }),
      badFile('one path opened twice', {
        openings: [file.openings[1], { ...file.openings[1], value: 'approved' }],
      }),
      badFile('an opening without salt', {
        openings: [{ slot: 4, path: ['outcome'], value: 'denied', siblings: [] }],
      }),
      badFile('an opening at slot 1024', { openings: [{ ...file.openings[0], slot: 1024 }] }),
      badFile('an opening with 11 siblings', {
        openings: [{ ...file.openings[0], siblings: Array(11).fill('00'.repeat(32)) }],
      }),
      badFile('a path that is no list', { openings: [{ ...file.openings[0], path: 'outcome' }] }),
      badFile('a proof that is no text', { proof: 1 }),
      badFile('an anchor with a stray member', {
        anchor: { ...file.anchor, rpcUrl: 'http://localhost' },
      }),
      badFile('a contract with capitals', {
        anchor: { ...file.anchor, contract: `0x${'C7'.repeat(20)}` },
      }),
      badFile('a block hash of 31 bytes', {
        anchor: { ...file.anchor, blockHash: `0x${'b1'.repeat(31)}` },
      }),
    ],
  };
}
