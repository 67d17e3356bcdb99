import type { Change, FlagRecord, HistoryPage, LoadedRecord } from '../contracts/index.ts'
import { FlagsError } from '../errors/flags-error.ts'
import { constantAnswerAt } from '../evaluate/constant-answer.ts'

const PAGE = 100

/**
 * Since when a flag has given everyone the answer that it gives at `now`, both in milliseconds since 1970; `undefined` where its answer is not
 * constant. A change that changes no answer does not count. Where the log was pruned, the result is the oldest moment that it still has.
 */
export async function constantSince(
  flag: FlagRecord,
  now: number,
  history: (page: HistoryPage) => Promise<readonly Change[]>,
): Promise<number | undefined> {
  const constant = constantAnswerAt(flag, now)
  if (constant === undefined) return undefined
  let { from } = constant
  let began = Date.parse(flag.updatedAt)
  // A flag that was never changed needs no history.
  if (flag.updatedAt === flag.createdAt) return Math.max(from, began)
  for await (const { before } of changesOf(flag, history)) {
    // Before its ramp ended, the flag was not constant.
    if (from > began || !isFlag(before)) break
    const earlier = constantAnswerAt(before, began)
    if (earlier?.answer !== constant.answer) break
    from = earlier.from
    began = Date.parse(before.updatedAt)
  }
  return Math.max(from, began)
}

function isFlag(record: LoadedRecord): record is FlagRecord {
  return record !== null && !(record instanceof FlagsError) && 'rollout' in record
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
