import type { FlagPatch, NewFlag } from './flag-record.ts'
import type { FlagUse, FlagUses } from './flag-use.ts'
import type { Call, ChannelListener, Unsubscribe } from './hint-channel.ts'
import type { NewSegment, SegmentPatch } from './segment-record.ts'
import type { LoadedRecord } from './stored-record.ts'

/** A place in the change log. `id` is the random id of the change at `version` (`''` at version 0); it reveals a rewritten history. */
export interface Cursor {
  readonly version: number
  readonly id: string
}

/** Where an answer comes from. */
interface Origin {
  /** Names the store. It must be another one for a copy: a database that was copied, or restored elsewhere, has another id. */
  readonly storeId: string
  /** `true` if the server that answered only follows the source of truth, such as a standby. Then it counts as a replica's answer. */
  readonly standby?: true
}

/** The store's identity and its clock, read together. */
export interface Head extends Origin {
  readonly cursor: Cursor
}

/** Flags and segments by their keys, and the clock of the snapshot that they were read in. */
export interface Loaded extends Origin {
  readonly asOf: number
  readonly flags: ReadonlyMap<string, LoadedRecord>
}

/** Which part of all flags and segments: at most `limit`, in an order of the store's own. */
export interface LoadPage {
  readonly limit: number
  /** The `next` of the page before. Default: the first page. */
  readonly after?: string
}

/** All flags and segments, or a page of them, and the cursor of the snapshot. */
export interface LoadedAll extends Loaded {
  readonly cursor: Cursor
  /** Where the next page begins. Absent on the last one. */
  readonly next?: string
}

/** The flags and segments that changed after a cursor, each once with its latest version and its current record, read in one snapshot. */
export type Changes = Partial<Origin> &
  (
    | {
        readonly kind: 'changes'
        readonly cursor: Cursor
        /** Whether this is a page, so that the log goes on after its `cursor`. Default `false`. */
        readonly more?: boolean
        /** `name` is a key. */
        readonly changed: readonly { readonly name: string; readonly version: number; readonly flag: LoadedRecord }[]
      }
    /** Changes after the cursor are missing: the log was pruned past it, or the store went back to an older state. */
    | { readonly kind: 'lost'; readonly cursor: Cursor; readonly why: 'pruned' | 'rewound' }
  )

export type Operation = 'create' | 'update' | 'delete'

/** One entry of the change log. */
export interface Change {
  readonly version: number
  readonly id: string
  /** The key of what changed: a flag's name, or `segment:<name>`. */
  readonly flag: string
  readonly operation: Operation
  /** Who did it; where the caller gave none, the adapter fills in what it knows. */
  readonly actor?: string
  readonly reason?: string
  /** `null` before a create and after a delete. A record that can no longer be read is the error that says why. */
  readonly before: LoadedRecord
  readonly after: LoadedRecord
  /** ISO 8601 in UTC. */
  readonly at: string
}

/** Who makes a change, why, and on which version. */
export interface ChangeMeta {
  /** At most 200 characters. */
  readonly actor?: string
  /** At most 2,000 characters. */
  readonly reason?: string
  /** The version that the record must have. An update or delete of another version is refused with `VERSION_CONFLICT`. */
  readonly expectedVersion?: number
}

/** Which part of a history: the newest `limit` changes (default 50, 1 to 1,000) below version `before` (default: all). */
export interface HistoryPage {
  readonly limit?: number
  readonly before?: number
}

/** Which part of the change log: the oldest `limit` changes (default 50, 1 to 1,000) after a place in it. */
export interface ChangesPage {
  readonly limit?: number
  /** A version; with the `id` of its change, a rewritten history is noticed. Default: before the oldest change that the log still has. */
  readonly after?: Pick<Cursor, 'version'> & Partial<Cursor>
  /**
   * Whether each change comes with the records `before` and `after` it, which may be large: a segment's has all its members. Default `true`;
   * otherwise both are `null`, and the store does not read them.
   */
  readonly records?: boolean
}

/** Changes of all flags and segments in version order, and `head`, the end of the log in the same snapshot. */
export type LoggedChanges =
  | {
      readonly kind: 'changes'
      readonly changes: readonly Change[]
      /** Where the next page begins: after the last of these changes, or where this page began. At `head` there is no next page. */
      readonly next: Cursor
      readonly head: Cursor
    }
  /** Changes after that place are missing: the log was pruned past it, or the store went back to an older state. */
  | { readonly kind: 'lost'; readonly why: 'pruned' | 'rewound'; readonly head: Cursor }

/**
 * The writes of segments. What holds for a flag's writes holds for these: the same clock and versions, the same log, the same hints. Changes
 * and hints name a segment `segment:<name>`; these methods take its bare name.
 */
export interface SegmentStore {
  /** Rejects with `SEGMENT_EXISTS`. */
  create(segment: NewSegment, meta?: ChangeMeta, call?: Call): Promise<Change>
  /** Rejects with `SEGMENT_NOT_FOUND` or `VERSION_CONFLICT`. A patch that leaves a record invalid is refused with `INVALID_FLAG`. */
  update(name: string, patch: SegmentPatch, meta?: ChangeMeta, call?: Call): Promise<Change>
  /** Rejects with `SEGMENT_NOT_FOUND` or `VERSION_CONFLICT`. The change keeps a version behind. Rules may still name the segment. */
  delete(name: string, meta?: ChangeMeta, call?: Call): Promise<Change>
}

/**
 * The source of truth. Names and patches arrive validated.
 *
 * It keeps flags and segments side by side, in one history. Where both can occur (`load`, `loadAll`, `changesSince`, `changes`, `history`,
 * changes and hints), each is named by its key: a flag by its name, a segment by `segment:<name>`.
 *
 * Versions rise in commit order over all flags and segments of the store: a snapshot that has version `n` also has every change below it.
 * They may skip numbers; they must never be given out twice or go back, not even by a delete.
 */
export interface FlagStore {
  /** Must answer from the source of truth, never from a replica. Rejects with `SCHEMA_MISSING` or `SCHEMA_OLD` before a migration. */
  head(call?: Call): Promise<Head>
  /**
   * Must answer from the source of truth, as `head` does. One statement, one snapshot, however many keys (1 or more), flags and segments
   * mixed. The map has an entry for each key asked for, and no other.
   */
  load(names: readonly string[], call?: Call): Promise<Loaded>
  /**
   * Optional; absent where there is no copy. As `load`, from a copy that may lag, such as a replica. Called only when `load` failed: its
   * answer is `STALE`, and is kept in no cache.
   *
   * `storeId` and `asOf` must be of the snapshot that was read, never of the source of truth: they tell whose copy it is, and how far it has got.
   * It must neither wait for the source of truth nor fall back to it. A caller must expect answers that go back: two calls may reach two
   * copies.
   */
  loadFromReplica?(names: readonly string[], call?: Call): Promise<Loaded>
  /** Optional, as `loadFromReplica`, and with its obligations: all flags and segments from the copy, in one statement. */
  loadAllFromReplica?(call?: Call): Promise<Loaded>
  /**
   * All flags and segments in one statement, with the cursor of its snapshot (`asOf` equals `cursor.version`). With a `page` it may answer only
   * `page.limit` of them, after `page.after`; then `next` is where the following page begins. Every page must be as of its own snapshot.
   */
  loadAll(call?: Call, page?: LoadPage): Promise<LoadedAll>
  /**
   * Complete: no change above the cursor may be left out. Where nothing is new, `changed` is empty and the cursor is the one given.
   *
   * With a `limit` it may look at only so many changes, the oldest above the cursor. Then `more` is `true`, the cursor is that of the last change
   * looked at, `version` is the latest of each flag among them, and the record is the current one, which may be newer.
   */
  changesSince(cursor: Cursor, call?: Call, limit?: number): Promise<Changes>
  /**
   * Rejects with `FLAG_EXISTS`, or with `PREREQUISITE_CYCLE` where the flag would require itself, directly or through the flags that it
   * `requires`. Of writers who together would close a cycle, one must be refused. Required flags, and segments that rules name, need not exist.
   */
  create(flag: NewFlag, meta?: ChangeMeta, call?: Call): Promise<Change>
  /**
   * Rejects with `FLAG_NOT_FOUND`, `VERSION_CONFLICT`, or, where the patch sets `requires`, `PREREQUISITE_CYCLE`. A patch that leaves a record
   * invalid is refused with `INVALID_FLAG`.
   */
  update(name: string, patch: FlagPatch, meta?: ChangeMeta, call?: Call): Promise<Change>
  /** Rejects with `FLAG_NOT_FOUND` or `VERSION_CONFLICT`. The change keeps a version behind. */
  delete(name: string, meta?: ChangeMeta, call?: Call): Promise<Change>
  readonly segments: SegmentStore
  /**
   * The log itself, oldest first (`changesSince` answers the records that it led to). Complete: no change may be missing within a page, or
   * between the place that it begins after and its first change; where that is unknown, the answer is `lost`. A place at the clock is never
   * lost because of what was pruned before it. One statement, one snapshot, however long the log is.
   */
  changes(page?: ChangesPage, call?: Call): Promise<LoggedChanges>
  /** The changes of a key, newest first; empty for a key that never existed. */
  history(name: string, page?: HistoryPage, call?: Call): Promise<readonly Change[]>
  /**
   * Drops log entries older than this many days (0 or more), never the newest one, and the uses of deleted flags; answers how many log
   * entries it dropped.
   */
  prune(olderThanDays: number, call?: Call): Promise<number>
  /**
   * Optional, with `lastUses`; without them the use of flags is unknown. Keeps the last use of each outcome of each flag, in one statement.
   *
   * Uses come repeatedly, in any order, and from many processes at once: an earlier use must never replace a later one. A use less than an hour
   * later than the one kept may be skipped, so that a fleet does not write the same row all the time. A use in the future counts as of now. A
   * use of a flag that does not exist must do no harm.
   *
   * A use is no change: it must neither raise the clock, nor enter the log, nor cause a hint. It must not keep a writer of flags waiting, and
   * must give up after a second or two rather than wait for a lock.
   */
  noteUses?(uses: readonly FlagUse[], call?: Call): Promise<void>
  /** Optional, with `noteUses`. One statement. */
  lastUses?(call?: Call): Promise<FlagUses>
  /** Optional. Resolves when the first attempt to subscribe has succeeded or failed; keeps trying until unsubscribed. */
  watch?(listener: ChannelListener): Promise<Unsubscribe>
  /** Ends what this store opened itself, never a client that it was given. */
  close(): Promise<void>
}
