import { formatSignature } from '@showcause/core';

/** Where an entry stands in its producer's stream. `prev` is hex. */
export interface Position {
  producer: string;
  epoch: number;
  seq: number;
  prev: string;
}

interface SealedMembers {
  id: string;
  time: string;
  deployment: string;
  claims: string;
  payload: string;
}

/**
 * The text of a sealed entry, ASCII. Every member is hex, a plain name, a time or a count, so writing
 * them in the order of their names is RFC 8785; a test compares this with core's encodeEntry.
 */
export function sealedEntry(
  type: 'intent' | 'decision' | 'followup' | 'explanation',
  position: Position,
  sealed: SealedMembers,
  intent: string | null,
): string {
  const about = intent === null ? '' : `"intent":"${intent}",`;
  return (
    `{"claims":"${sealed.claims}","deployment":"${sealed.deployment}","epoch":${position.epoch},"id":"${sealed.id}",${about}` +
    `"payload":"${sealed.payload}","prev":"${position.prev}","producer":"${position.producer}","seq":${position.seq},` +
    `"time":"${sealed.time}","type":"${type}","v":1}`
  );
}

/** The members that the producer signs beside its position: stream, heartbeat and gap entries. */
export function signedEntry<B extends { type: string; id: string; time: string }>(
  body: B,
  position: Position,
  sign: (position: Position) => Uint8Array,
): B & Position & { v: 1; sig: string } {
  return { v: 1, ...body, ...position, sig: formatSignature(sign(position)) };
}
