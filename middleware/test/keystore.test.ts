import { describe, expect, test } from '@jest/globals';
import { toHex } from '@showcause/core';
import { generateKey } from '@showcause/core/node';
import { KeyStore } from '../src/keystore/keystore.ts';
import { memoryDisk } from '../src/spool/memory-disk.ts';

const path = '/keys/subjects.keys';
const storeKey = generateKey('store').secretKey;
const owners = ['11', '22', '33'].map((digits) => digits.repeat(32));

describe('the key store', () => {
  test('one key a person, the same after a restart, nothing readable in the file', () => {
    const disk = memoryDisk();
    const store = new KeyStore(disk, path, storeKey);
    const keys = owners.map((owner) => store.keyOf(owner));
    expect(new Set(keys.map(({ key }) => toHex(key))).size).toBe(3);
    store.close();
    const again = new KeyStore(disk, path, storeKey);
    expect(owners.map((owner) => toHex(again.keyOf(owner).key))).toStrictEqual(
      keys.map(({ key }) => toHex(key)),
    );
    for (const { key } of keys)
      expect(Buffer.from(disk.read(path)!).includes(Buffer.from(key))).toBe(false);
  });

  test('a key is durable before anybody gets it, and a new person costs no sync', () => {
    const disk = memoryDisk();
    let syncs = 0;
    disk.faults.onDatasync = () => void syncs++;
    const store = new KeyStore(disk, path, storeKey);
    store.keyOf(owners[0]!);
    const after = syncs;
    const durable = disk.read(path)!.slice();
    store.keyOf(owners[1]!);
    store.flush();
    expect(syncs).toBe(after);
    const lost = memoryDisk();
    lost.files.set(path, durable);
    const found = [...new KeyStore(lost, path, storeKey).candidates()].map(({ key }) => toHex(key));
    expect(found).toContain(toHex(store.keyOf(owners[1]!).key));
  });

  test('destroying takes the key out of the file and out of memory', () => {
    const disk = memoryDisk();
    const store = new KeyStore(disk, path, storeKey);
    const { ordinal } = store.keyOf(owners[0]!);
    const wrapped = disk.read(path)!.slice(8 + ordinal * 81 + 37, 8 + ordinal * 81 + 77);
    expect(store.destroy(owners[0]!)).toBe(1);
    expect(store.key(ordinal)).toBeNull();
    expect(Buffer.from(disk.read(path)!).includes(Buffer.from(wrapped))).toBe(false);
    store.close();
    const again = new KeyStore(disk, path, storeKey);
    expect(again.key(ordinal)).toBeNull();
    expect(again.keyOf(owners[0]!).ordinal).not.toBe(ordinal);
  });

  test('a torn last record is cut, damage elsewhere is refused, and so is another store key', () => {
    const disk = memoryDisk();
    const store = new KeyStore(disk, path, storeKey);
    const key = toHex(store.keyOf(owners[0]!).key);
    store.close();
    const whole = disk.read(path)!.slice();
    disk.files.set(path, whole.slice(0, whole.length - 10));
    expect(
      [...new KeyStore(disk, path, storeKey).candidates()].map((candidate) => toHex(candidate.key)),
    ).toContain(key);
    const broken = whole.slice();
    broken[100]! ^= 1;
    disk.files.set(path, broken);
    expect(() => new KeyStore(disk, path, storeKey)).toThrow(
      expect.objectContaining({ code: 'KEY_STORE' }),
    );
    disk.files.set(path, whole);
    expect(() =>
      new KeyStore(disk, path, generateKey('store').secretKey).keyOf(owners[0]!),
    ).toThrow(expect.objectContaining({ code: 'KEY_STORE' }));
  });

  test('pseudonyms are keyed, and the two uses of the key differ', () => {
    const store = new KeyStore(memoryDisk(), path, storeKey);
    expect(store.pseudonym('a')).toBe(store.pseudonym('a'));
    expect(store.pseudonym('a')).not.toBe(store.idempotency('a'));
    expect(
      new KeyStore(memoryDisk(), path, generateKey('store').secretKey).pseudonym('a'),
    ).not.toBe(store.pseudonym('a'));
  });
});
