/** Every check this package makes: what it proves and how far that reaches, in words for an inspector. */
export const catalogue = {
  policy: {
    name: 'trust policy',
    proves: 'All checks below trust this policy file and nothing else.',
    limit: 'Compare the fingerprint with one from another source.',
  },
  input: {
    name: 'input',
    proves: 'Everything that was given could be read and has its proper form.',
    limit: 'It says nothing about what the input claims.',
  },
  genesis: {
    name: 'log identity',
    proves: "The first entry is the one whose hash is the policy's log id.",
    limit: 'It names keys and contract; it says nothing of who runs them.',
  },
  key: {
    name: 'producer key',
    proves: "The policy's registrar signed the producer's key entry.",
    limit: 'It does not show whether the key was revoked since.',
  },
  'key-scope': {
    name: 'right to write',
    proves: 'The key covers this producer and this type of entry.',
    limit: 'It does not show who uses the key.',
  },
  promise: {
    name: 'promise',
    proves: 'The producer signed that these entries will be in this log.',
    limit: 'Its times are those of the producer.',
  },
  'promise-place': {
    name: 'place in the promise',
    proves: "Epoch and sequence number are those of the entry's place in the promise.",
    limit: 'Other entries of the promise are not seen here.',
  },
  promised: {
    name: 'promised entry',
    proves: 'Exactly these entry bytes are among those promised.',
    limit: 'It says nothing about truth at entry.',
  },
  'key-revocation': {
    name: 'key not revoked',
    proves: "The log's key entries let the producer write this entry at its place.",
    limit: 'A theft that nobody reported revokes nothing.',
  },
  entry: {
    name: 'decision entry',
    proves: 'The entry is a well-formed decision record.',
    limit: 'What it commits to shows only where a claim is opened.',
  },
  outcome: {
    name: 'outcome',
    proves: 'The shown outcome is the one in the entry.',
    limit: 'It says nothing about whether the outcome was right.',
  },
  reasons: {
    name: 'reasons',
    proves: 'The shown reasons are the ones in the entry.',
    limit: 'Replaying the model is a check of its own.',
  },
  'response-hash': {
    name: 'response hash',
    proves: 'The shown response hash is the one in the entry.',
    limit: 'Give --response to compare a response that you hold.',
  },
  claims: {
    name: 'other shown claims',
    proves: 'Every other shown claim is the one in the entry, once each.',
    limit: 'Claims that are not shown stay unknown.',
  },
  shown: {
    name: 'decision as shown',
    proves: 'Outcome and reasons as shown to the applicant are the recorded ones.',
    limit: 'Only what the given file holds was compared.',
  },
  response: {
    name: 'response as received',
    proves: 'The response that you hold has the recorded hash.',
    limit: 'It must be the body byte for byte.',
  },
  kept: {
    name: 'promise kept',
    proves: 'The promised entry reached the log by the promised time.',
    limit: 'A head has no time of its own: only witnesses or an anchor date it.',
  },
  'entry-bytes': {
    name: 'entry',
    proves: 'The entry is one that a log of this kind may hold.',
    limit: 'What it commits to is not opened here.',
  },
  checkpoint: {
    name: 'checkpoint',
    proves: "The log's key signed this size and root.",
    limit: 'Without witnesses or an anchor, another may be shown to others.',
  },
  inclusion: {
    name: 'inclusion',
    proves: 'The entry is in the signed tree at the stated index.',
    limit: 'It says nothing of entries that are missing.',
  },
  extends: {
    name: 'append-only since',
    proves: "The log's head of today extends the receipt's checkpoint.",
    limit: 'Only these two heads were compared.',
  },
  witnesses: {
    name: 'witnesses',
    proves: "As many of the policy's witnesses as it wants cosigned the checkpoint.",
    limit: 'Witnesses check growth, not content.',
  },
  'anchor-contracts': {
    name: "log's contracts",
    proves: 'The registrar named each further contract in the log, and each goes on from its head.',
    limit: 'A predecessor that is not frozen for good can take other heads after the hand-over.',
  },
  'anchor-contract': {
    name: 'anchor contract',
    proves: 'Log and published contract code give the address that the policy trusts.',
    limit: 'An address alone does not show that it holds a head.',
  },
  'anchor-checkpoint': {
    name: 'anchored checkpoint',
    proves: 'The log signed a checkpoint of exactly the anchored size and root.',
    limit: 'Until compared with the chain it is a statement of the operator.',
  },
  'anchor-final': {
    name: 'anchor on the chain',
    proves: 'The contract holds this head, or one that extends it, in a final block.',
    limit: 'It rests on the node that you asked, or on the block hash that the policy names.',
  },
  'anchor-proof': {
    name: 'storage proof',
    proves: 'Block header and trie nodes show this head in the contract in the named block.',
    limit: "It is worth as much as the source of that block's hash.",
  },
  'anchor-genesis': {
    name: 'anchored from genesis',
    proves: 'The genesis entry is the first of the anchored tree.',
    limit: 'It says nothing of the entries after it.',
  },
  'anchor-log': {
    name: 'log against the chain',
    proves: "The log's head extends the head that the contract holds.",
    limit: 'Entries after the anchored head are not protected yet.',
  },
  'log-size': {
    name: 'number of entries',
    proves: 'The log serves as many entries as its checkpoint says.',
    limit: 'It says nothing of entries never appended.',
  },
  'log-root': {
    name: 'root',
    proves: "All entries, hashed again, give the checkpoint's root.",
    limit: 'It says nothing about truth at entry.',
  },
  'log-heads': {
    name: 'known heads',
    proves: 'The log extends every head that was given for comparison.',
    limit: 'Heads that nobody kept cannot be compared.',
  },
  'log-tiles': {
    name: 'hash tiles',
    proves: 'The hash tiles of this size are served as the entries give them.',
    limit: 'Partial tiles of earlier sizes are not compared.',
  },
  'log-entries': {
    name: 'entry formats',
    proves: 'Every entry of a known type keeps its schema.',
    limit: 'Payloads beside the log are not read.',
  },
  'log-registrations': {
    name: 'registrations',
    proves: 'The registrar signed every key, deployment and anchorage entry.',
    limit: 'It does not show who holds the registrar key.',
  },
  'log-producers': {
    name: 'registered producers',
    proves: 'Every entry of a stream came under a key registered before it.',
    limit: 'A producer that was never registered leaves no trace here.',
  },
  'log-sequence': {
    name: 'no holes',
    proves: 'Sequence numbers of every producer run without hole.',
    limit: 'A decision made past the middleware shows only by reconciliation.',
  },
  'log-duplicates': {
    name: 'no number twice',
    proves: 'No producer, epoch and sequence number occurs twice.',
    limit: 'Entries shown elsewhere are not compared.',
  },
  'log-chain': {
    name: 'hash chains',
    proves: 'Every entry names the one before it in its stream.',
    limit: 'A tail without signature could be made anew with the log key.',
  },
  'log-signatures': {
    name: 'stream signatures',
    proves: 'Every stream is signed by its producer up to the named tail.',
    limit: 'What the last signed entry says, and all after it, rests on promises that others hold.',
  },
  'log-epochs': {
    name: 'epochs',
    proves: 'Each restart names the end of the epoch before it, and that end is here.',
    limit: 'An unpublished tail that a producer wiped is not seen.',
  },
  'log-intents': {
    name: 'intents',
    proves: 'Every intent has its one decision, and every decision its intent.',
    limit: 'A model called past the middleware leaves no intent.',
  },
  'log-deployments': {
    name: 'deployments',
    proves: 'Every decision names a deployment registered before it.',
    limit: 'It does not show that the named model was the one that ran.',
  },
  'log-silence': {
    name: 'heartbeats',
    proves: 'No running producer was silent for over three heartbeats.',
    limit: 'Times are those of the producers.',
  },
  'log-gaps': {
    name: 'declared gaps',
    proves: 'Neither a producer nor the service declared something missing.',
    limit: 'Only what was declared shows here.',
  },
  'log-equivocations': {
    name: 'equivocations',
    proves: 'The service found no producer with two entries at one place.',
    limit: 'Only what the service recorded shows here.',
  },
  'log-governance': {
    name: 'governance of the contract',
    proves:
      'Each halt, freeze, resume and rotation of the contract is recorded, once, and no other.',
    limit: 'What the chain says is compared with --rpc alone, and is the word of that node.',
  },
  'log-types': {
    name: 'known types',
    proves: 'Every entry is of a type that this version can judge.',
    limit: 'Unknown entries are covered by the root all the same.',
  },
  'second-opinion': {
    name: 'second opinion',
    proves: 'Independent code (merkletreejs) computes the same root.',
    limit: 'Both use SHA-256.',
  },
} as const;

export type CheckId = keyof typeof catalogue;
