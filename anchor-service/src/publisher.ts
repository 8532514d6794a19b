import {
  CodedError,
  bundleHashes,
  encodeEntryBundle,
  entryBundles,
  equalBytes,
  joinedRoot,
  newTiles,
  openCheckpoint,
  rootAt,
  signCheckpoint,
  tileHashReader,
  tilePath,
  toHex,
  TreeFrontier,
  TILE_WIDTH,
} from '@showcause/core';
import type { Hash, NoteSigner, NoteVerifier, TileCoordinate } from '@showcause/core';
import { ServiceError, isOutage } from './errors.ts';
import { forEachParallel } from './parallel.ts';
import { checkPast, frontierAt } from './past-heads.ts';
import type { Leaf, LogFiles, Logger, SignedCheckpoint, SignedMark, Store } from './ports.ts';

export interface PublisherOptions {
  store: Store;
  files: LogFiles;
  mark: SignedMark;
  /** of the sequencer that runs beside it */
  lease: number;
  origin: string;
  signer: NoteSigner;
  verifier: NoteVerifier;
  logger: Logger;
  /** Told before anybody can read it, so that whoever answers readers is never behind the `checkpoint` file. */
  onPublish?: (checkpoint: SignedCheckpoint) => void;
}

/** Leaves that one publication reads from the store at a time. */
const CHUNK = 64 * TILE_WIDTH;
const HASH_BYTES = 32;
/** Files that are written at once, and bundles that are held at once to be hashed again. */
const WRITERS = 16;
const READERS = 8;
/** How often an older checkpoint may come back under our hands before we give up. */
const MAX_EXCHANGES = 5;
export const CHECKPOINT_PATH = 'checkpoint';

/**
 * Makes committed rows public: tiles, then a look at what really lies there, then the signature, then its record in the
 * store and beside it, then the `checkpoint` file. Every step may be repeated after a crash; none is skipped, and any
 * result that is not known stops it for good, but one: while the store of the files is away, the same step is tried
 * again, because a file's own bytes tell whether it was written.
 */
export class Publisher {
  readonly #options: PublisherOptions;
  /** items of the newest tile of each level above 0: each was made of a full tile once */
  readonly #edges = new Map<TileCoordinate['level'], { index: number; items: Hash[] }>();
  #published: SignedCheckpoint | null = null;
  /** signed, and perhaps not yet recorded everywhere */
  #pending: SignedCheckpoint | null = null;
  /** what the `checkpoint` file holds, as far as we know */
  #note: Uint8Array | null = null;
  #halted: unknown = null;
  #alignment = 1;

  private constructor(options: PublisherOptions) {
    this.#options = options;
  }

  /**
   * Compares the store with everything that was ever signed before it lets anybody sign.
   * @param atLeast  heads that others hold of this log: a contract's
   * @throws {ServiceError} `PUBLISH_ROLLBACK`, `PUBLISH_FORK`, `STORE_CORRUPT`
   */
  static async start(
    options: PublisherOptions,
    atLeast: readonly { size: number; root: Hash }[] = [],
  ): Promise<Publisher> {
    const publisher = new Publisher(options);
    const { store, mark } = options;
    const served = await publisher.#served();
    publisher.#note = served?.note ?? null;
    const marks = [
      publisher.#ours(await store.newestCheckpoint(), 'the store'),
      publisher.#ours(await mark.read(), 'the mark beside the store'),
      served,
    ];
    const signed = marks.filter((checkpoint) => checkpoint !== null);
    const heads = new Map(
      [...signed, ...atLeast].map((past) => [`${past.size} ${toHex(past.root)}`, past] as const),
    );
    for (const past of heads.values()) await checkPast(options, past);
    const newest = signed.sort((a, b) => b.size - a.size)[0];
    // A crash between two of the three records: the newest one holds, and all are brought to it.
    if (newest !== undefined) {
      await publisher.#restoreTiles(newest);
      await publisher.#publishNewest(newest);
    }
    return publisher;
  }

  /** The newest checkpoint that is served. */
  get published(): SignedCheckpoint | null {
    return this.#published;
  }

  /** Why it stopped, or null. */
  get halted(): unknown {
    return this.#halted;
  }

  /** A head at a multiple of `unit` is signed on the way to the next one; 1: none is. */
  alignTo(unit: number): void {
    this.#alignment = unit;
  }

  /** Signs no more. */
  halt(reason: unknown): void {
    this.#halted ??= reason;
  }

  /**
   * Publishes what was committed since the last time. @returns whether the log grew
   * @throws whatever a step throws; then it is halted, but for `FILES_UNAVAILABLE`: then it may be called again
   */
  async publish(): Promise<boolean> {
    if (this.#halted !== null)
      throw new ServiceError('PUBLISH_FAILED', {
        got: 'a publisher that stopped',
        cause: this.#halted,
      });
    try {
      return await this.#step();
    } catch (error) {
      if (!isOutage(error)) this.halt(error);
      throw error;
    }
  }

  async #step(): Promise<boolean> {
    const { store } = this.#options;
    if (this.#pending !== null) await this.#publishNewest(this.#pending);
    const head = await store.head();
    const oldSize = this.#published?.size ?? 0;
    if (head.size === oldSize) return false;
    const cut = head.size - (head.size % this.#alignment);
    if (cut > oldSize && cut < head.size) {
      const frontier = await frontierAt(this.#options, this.#published, cut);
      await this.#publishHead({ size: cut, root: frontier.root() });
    }
    await this.#publishHead({
      size: head.size,
      root: TreeFrontier.from(head.size, head.peaks).root(),
    });
    return true;
  }

  async #publishHead({ size, root }: { size: number; root: Hash }): Promise<void> {
    const { origin, signer, verifier } = this.#options;
    const oldSize = this.#published?.size ?? 0;
    await this.#writeTiles(oldSize, size);
    await this.#checkTiles(oldSize, size, root);
    const note = signCheckpoint({ origin, size, root }, [signer]);
    openCheckpoint(note, origin, [verifier]);
    await this.#publishNewest({ size, root, note });
  }

  /** A folder that was lost is made again from the store; one that holds other bytes is refused. */
  async #restoreTiles({ size, root }: SignedCheckpoint): Promise<void> {
    try {
      await this.#checkTiles(size - 1, size, root);
    } catch (error) {
      const isKnown =
        error instanceof CodedError && ['PUBLISH_ROOT', 'TILE_BYTES'].includes(error.code);
      if (!isKnown) throw error;
      this.#options.logger.warn({ size }, 'published tiles are incomplete: making them again');
      await this.#writeTiles(0, size);
      await this.#checkTiles(0, size, root);
    }
  }

  async #publishNewest(checkpoint: SignedCheckpoint): Promise<void> {
    const { store, lease } = this.#options;
    this.#pending = checkpoint;
    await store.addCheckpoint(lease, checkpoint);
    await this.#serve(checkpoint);
    this.#published = checkpoint;
    // A process that froze since its store let it sign, and whose files cannot compare and write in one step, may have put
    // an old head over newer ones.
    for (let served = checkpoint; ;) {
      const newest = this.#ours(await store.newestCheckpoint(), 'the store');
      if (newest !== null && newest.size > served.size) await this.#serve((served = newest));
      else if (served === checkpoint) break;
      else
        throw new ServiceError('STORE_FENCED', { got: `lease ${lease}, size ${checkpoint.size}` });
    }
    this.#pending = null;
  }

  /**
   * The served checkpoint only ever grows. One that is not the one we put there is either a newer instance's, and this
   * one ends, or an older one that an instance without the lease put back, and ours takes its place.
   * @throws {ServiceError} `STORE_FENCED`, `PUBLISH_FORK`
   */
  async #serve(checkpoint: SignedCheckpoint): Promise<void> {
    const { mark, files, logger, onPublish } = this.#options;
    await mark.write(checkpoint);
    onPublish?.(checkpoint);
    for (let tries = 0; tries < MAX_EXCHANGES; tries++) {
      if (await files.exchange(CHECKPOINT_PATH, this.#note, checkpoint.note)) {
        this.#note = checkpoint.note;
        return;
      }
      const there = await this.#served();
      if (there !== null && there.size >= checkpoint.size) {
        await mark.write(there);
        throw new ServiceError('STORE_FENCED', {
          got: `a served checkpoint of size ${there.size}`,
          want: `one below ${checkpoint.size}`,
        });
      }
      if (there !== null) await checkPast(this.#options, there);
      logger.warn({ size: there?.size ?? 0 }, 'another instance put back an older checkpoint');
      this.#note = there?.note ?? null;
    }
    throw new ServiceError('PUBLISH_FAILED', { got: 'another checkpoint after each look' });
  }

  /** Tiles and bundles are functions of committed rows alone. */
  async #writeTiles(oldSize: number, size: number): Promise<void> {
    const { files, store } = this.#options;
    const from = oldSize - (oldSize % TILE_WIDTH);
    for (let start = from; start < size; start += CHUNK) {
      const end = Math.min(size, start + CHUNK);
      const leaves = await store.leaves(start, end - start);
      if (leaves.length !== end - start)
        throw new ServiceError('STORE_FAILED', { got: `${leaves.length} leaves from ${start}` });
      const within = (tile: TileCoordinate): Leaf[] =>
        leaves.slice(tile.index * TILE_WIDTH - start, tile.index * TILE_WIDTH - start + tile.width);
      const begun = Math.max(oldSize, start);
      await forEachParallel(entryBundles(begun, end), WRITERS, async (tile) => {
        const leavesOf = within(tile);
        const bundle = encodeEntryBundle(leavesOf.map(({ entry }) => entry));
        const hashes = joined(leavesOf.map(({ hash }) => hash));
        await Promise.all([
          files.create(tilePath(tile), bundle),
          files.create(tilePath({ ...tile, level: 0 }), hashes),
        ]);
      });
    }
    // Level by level: a tile is made from those below it, read back.
    for (const tile of newTiles(oldSize, size))
      if (tile.level !== 0) await files.create(tilePath(tile), await this.#upperTile(tile));
  }

  /** An item above level 0 is the root of a full tile below, as it lies there. */
  async #upperTile({ level, index, width }: TileCoordinate): Promise<Uint8Array> {
    const below = Number(level) - 1;
    const known = this.#edges.get(level);
    const items = known?.index === index ? known.items.slice(0, width) : [];
    for (let item = items.length; item < width; item++) {
      const tile = { level: below, index: index * TILE_WIDTH + item, width: TILE_WIDTH };
      items.push(joinedRoot(await this.#hashTile(tile)));
    }
    this.#edges.set(level, { index, items });
    return joined(items);
  }

  /** What lies on disk must give the same head: bundles against level 0, all levels against the root. */
  async #checkTiles(oldSize: number, size: number, root: Hash): Promise<void> {
    await forEachParallel(entryBundles(oldSize, size), READERS, async (bundle) => {
      const hashes = bundleHashes(await this.#tile(bundle), bundle.width);
      if (!equalBytes(hashes, await this.#hashTile({ ...bundle, level: 0 })))
        throw new ServiceError('PUBLISH_ROOT', { got: tilePath(bundle) });
    });
    if (
      !equalBytes(
        await rootAt(
          size,
          tileHashReader(size, (tile) => this.#hashTile(tile)),
        ),
        root,
      )
    )
      throw new ServiceError('PUBLISH_ROOT', {
        got: `another root of size ${size}`,
        want: toHex(root),
      });
  }

  async #tile(tile: TileCoordinate): Promise<Uint8Array> {
    const bytes = await this.#options.files.read(tilePath(tile));
    if (bytes === null) throw new ServiceError('PUBLISH_ROOT', { got: `no ${tilePath(tile)}` });
    return bytes;
  }

  /** @throws {ServiceError} `PUBLISH_ROOT` for a tile that is cut short or too long */
  async #hashTile(tile: TileCoordinate): Promise<Uint8Array> {
    const bytes = await this.#tile(tile);
    const want = HASH_BYTES * tile.width;
    if (bytes.length !== want)
      throw new ServiceError('PUBLISH_ROOT', {
        got: `${bytes.length} bytes at ${tilePath(tile)}`,
        want: `${want}`,
      });
    return bytes;
  }

  /** A record of what was signed is believed when the log's key signed it. @throws {ServiceError} `STORE_CORRUPT` */
  #ours(checkpoint: SignedCheckpoint | null, where: string): SignedCheckpoint | null {
    if (checkpoint === null) return null;
    const { origin, verifier } = this.#options;
    try {
      const { size, root } = openCheckpoint(checkpoint.note, origin, [verifier]);
      if (size === checkpoint.size && equalBytes(root, checkpoint.root)) return checkpoint;
    } catch (cause) {
      throw new ServiceError('STORE_CORRUPT', {
        got: `a checkpoint of another in ${where}`,
        cause,
      });
    }
    throw new ServiceError('STORE_CORRUPT', { got: `a checkpoint of another head in ${where}` });
  }

  async #served(): Promise<SignedCheckpoint | null> {
    const { files, origin, verifier } = this.#options;
    const note = await files.read(CHECKPOINT_PATH);
    if (note === null) return null;
    try {
      const { size, root } = openCheckpoint(note, origin, [verifier]);
      return { size, root, note };
    } catch (cause) {
      throw new ServiceError('PUBLISH_FORK', {
        got: 'a served checkpoint of another log or key',
        cause,
      });
    }
  }
}

function joined(hashes: readonly Hash[]): Uint8Array {
  const bytes = new Uint8Array(HASH_BYTES * hashes.length);
  hashes.forEach((hash, i) => bytes.set(hash, HASH_BYTES * i));
  return bytes;
}
