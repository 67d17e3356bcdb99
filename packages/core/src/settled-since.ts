import type { Change, FlagRecord, HistoryPage, LoadedRecord } from './contracts/index.ts'
import { FlagsError } from './errors.ts'
import { type Settled, settledAt } from './evaluate/settled.ts'

const PAGE = 100

/**
 * Since when a flag has answered everybody as it does at `now`, both in milliseconds since 1970; `undefined` where it does not. A change of
 * something else does not count. Where the log was pruned it is the oldest moment that is left of it.
 */
export async function settledSince(
  flag: FlagRecord,
  now: number,
  history: (page: HistoryPage) => Promise<readonly Change[]>,
): Promise<number | undefined> {
  const settled = settledAt(flag, now)
  if (settled === undefined) return undefined
  let { from } = settled
  let since = Math.max(from, Date.parse(flag.updatedAt))
  // A flag that was never changed needs no history.
  if (flag.updatedAt === flag.createdAt) return since
  for await (const { at, before } of changesOf(flag, history)) {
    const moment = Date.parse(at)
    since = Math.max(from, moment)
    const earlier: Settled | undefined = from > moment ? undefined : settledBefore(before, moment)
    if (earlier?.answer !== settled.answer) return since
    from = earlier.from
  }
  return since
}

function settledBefore(record: LoadedRecord, moment: number): Settled | undefined {
  return record === null || record instanceof FlagsError || !('rollout' in record) ? undefined : settledAt(record, moment)
}

/** The changes that led to this record, newest first. */
async function* changesOf({ version }: FlagRecord, history: (page: HistoryPage) => Promise<readonly Change[]>): AsyncGenerator<Change> {
  let before = version + 1
  for (;;) {
    const page = await history({ before, limit: PAGE })
    yield* page
    const last = page.at(-1)
    if (last === undefined || page.length < PAGE) return
    before = last.version
  }
}
