import {
  type Blocker,
  type Call,
  type Change,
  type ChangeMeta,
  contentOf,
  type FlagPatch,
  FlagsError,
  type LoadedFlag,
  type NewFlag,
  patched,
} from '@flagstone/core/adapter'
import type { Sql, TransactionSql } from 'postgres'
import { type Row, rows, throwIfAborted, transaction } from './database.ts'
import { sqlStateOf, storeError } from './errors.ts'
import { changeOf, loadedFlag, rowOf } from './rows.ts'
import type { Statements } from './statements.ts'

export interface Writes {
  create(flag: NewFlag, meta?: ChangeMeta, call?: Call): Promise<Change>
  update(name: string, patch: FlagPatch, meta?: ChangeMeta, call?: Call): Promise<Change>
  delete(name: string, meta?: ChangeMeta, call?: Call): Promise<Change>
  prune(olderThanDays: number, call?: Call): Promise<number>
}

interface Current {
  readonly version: number
  readonly flag: LoadedFlag
}

const SECONDS_A_DAY = 86_400
// Older than anything; beyond it PostgreSQL's timestamps end.
const MAX_DAYS = 1_000_000

/** The writes of a store. Every one takes the same locks in the same order, so that none can deadlock with another. */
export function writesOf(sql: Sql, text: Statements, lockTimeoutMs: number): Writes {
  async function write<T>(
    what: string,
    flag: string | undefined,
    call: Call | undefined,
    body: (tx: TransactionSql) => Promise<T>,
  ): Promise<T> {
    try {
      throwIfAborted(call)
      return await transaction(sql, async (tx) => {
        const answer = await body(tx)
        // Rolled back as long as it can be: who gave up must not find it done.
        throwIfAborted(call)
        return answer
      })
    } catch (error) {
      throw sqlStateOf(error) === '55P03' ? await writeBlocked(error, what, flag) : storeError(error, what, flag)
    }
  }

  async function writeBlocked(cause: unknown, what: string, flag: string | undefined): Promise<FlagsError> {
    const blockers = await findBlockers(flag)
    const who = blockers.map(({ pid, application, ageMs }) => `pid ${pid} (${application || 'unnamed'}, transaction open for ${ageMs} ms)`)
    const message = `${what}: another transaction held the lock for ${lockTimeoutMs} ms: ${who.join(', ') || 'it has ended since'}.`
    return new FlagsError('WRITE_BLOCKED', message, { cause, blockers, ...(flag === undefined ? {} : { flag }) })
  }

  async function findBlockers(flag: string | undefined): Promise<readonly Blocker[]> {
    const found = await rows(sql, text.blockers, [flag ?? null]).catch((): readonly Row[] => [])
    // A role that may not see another's statistics does not see its age; it kept us waiting for as long at least.
    return found.map(([pid, application, ageMs]) => ({
      pid: Number(pid),
      application: String(application),
      ageMs: Math.max(Number(ageMs), lockTimeoutMs),
    }))
  }

  async function lock(tx: TransactionSql): Promise<void> {
    await tx.unsafe(`SET LOCAL lock_timeout = ${lockTimeoutMs}; ${text.lock}`)
  }

  /** Locks, says who writes, and reads the flag as it is now. The three go out together. */
  async function begin(tx: TransactionSql, name: string, meta: ChangeMeta): Promise<Current | undefined> {
    const [, , [row]] = await Promise.all([
      lock(tx),
      rows(tx, text.meta, [meta.actor ?? '', meta.reason ?? '']),
      rows(tx, text.current, [name]),
    ])
    return row && { version: Number(row[0]), flag: loadedFlag(name, row[1]) }
  }

  function existing(name: string, current: Current | undefined, { expectedVersion }: ChangeMeta): Current {
    if (!current) throw new FlagsError('FLAG_NOT_FOUND', `Flag ${name} does not exist.`, { flag: name })
    if (expectedVersion === undefined || expectedVersion === current.version) return current
    throw new FlagsError(
      'VERSION_CONFLICT',
      `Flag ${name} has version ${current.version}, not ${expectedVersion}. Read it again and decide again.`,
      { flag: name, versions: { expected: expectedVersion, actual: current.version } },
    )
  }

  /** The change that a statement of this transaction left in the log. */
  async function changed(tx: TransactionSql, name: string, above: number, statement: Promise<unknown>): Promise<Change> {
    const [, [row]] = await Promise.all([statement, rows(tx, text.newest, [name])])
    const change = row?.[0] ? changeOf(row[0]) : undefined
    if (change && change.version > above) return change
    throw new FlagsError('GENERAL', `Flag ${name} was not written: the triggers of feature_flags are switched off in this session.`, {
      flag: name,
    })
  }

  return {
    create: (flag, meta = {}, call) =>
      write(`Flag ${flag.name} could not be created`, flag.name, call, async (tx) => {
        const { name } = flag
        if (await begin(tx, name, meta)) throw new FlagsError('FLAG_EXISTS', `Flag ${name} exists already.`, { flag: name })
        return changed(tx, name, 0, rows(tx, text.insert, [rowOf(contentOf(flag))]))
      }),

    update: (name, patch, meta = {}, call) =>
      write(`Flag ${name} could not be updated`, name, call, async (tx) => {
        const { version, flag } = existing(name, await begin(tx, name, meta), meta)
        if (flag === null || flag instanceof FlagsError) throw flag
        return changed(tx, name, version, rows(tx, text.update, [name, rowOf(patched(flag, patch))]))
      }),

    delete: (name, meta = {}, call) =>
      write(`Flag ${name} could not be deleted`, name, call, async (tx) => {
        const { version } = existing(name, await begin(tx, name, meta), meta)
        return changed(tx, name, version, rows(tx, text.delete, [name]))
      }),

    async prune(olderThanDays, call) {
      if (!(olderThanDays >= 0))
        throw new FlagsError('INVALID_OPTIONS', `prune() takes a number of days, 0 or more; received ${olderThanDays}.`)
      const seconds = Math.min(olderThanDays, MAX_DAYS) * SECONDS_A_DAY
      return write('The change log could not be pruned', undefined, call, async (tx) => {
        await lock(tx)
        const [[count] = []] = await rows(tx, text.prune, [String(seconds)])
        return Number(count)
      })
    },
  }
}
