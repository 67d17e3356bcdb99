import { describe, expect, test } from 'vitest'
import type { LoggedChanges } from '../../src/contracts/index.ts'
import { caught, type StoreDefect } from './broken-stores.ts'

type Page = Extract<LoggedChanges, { kind: 'changes' }>

const LIMITED = 'a page of the log holds the oldest changes after a place, 50 by default'
const ANSWERED = 'the log has the changes of all flags and segments as their writes answered them, oldest first'

/** Changes each page. */
function pages(change: (page: Page) => LoggedChanges): StoreDefect['broken'] {
  return (store) => ({
    changes: async (...args) => {
      const answer = await store.changes(...args)
      return answer.kind === 'lost' ? answer : change(answer)
    },
  })
}

const DEFECTS: readonly StoreDefect[] = [
  {
    that: 'answers the log newest first',
    fails: ANSWERED,
    broken: pages((page) => ({ ...page, changes: [...page.changes].reverse() })),
  },
  {
    that: 'keeps segments out of the log',
    fails: ANSWERED,
    broken: pages((page) => ({ ...page, changes: page.changes.filter(({ flag }) => !flag.startsWith('segment:')) })),
  },
  {
    that: 'lists each flag once',
    fails: ANSWERED,
    broken: pages((page) => ({ ...page, changes: [...new Map(page.changes.map((change) => [change.flag, change])).values()] })),
  },
  {
    that: 'says that the next page begins at the end',
    fails: LIMITED,
    broken: pages((page) => ({ ...page, next: page.head })),
  },
  {
    that: 'says that the next page begins at version 0 where nothing is new',
    fails: 'where nothing is new, a page is empty and the next one begins at the same place',
    broken: pages((page) => ({ ...page, next: page.changes.length > 0 ? page.next : { version: 0, id: '' } })),
  },
  {
    that: 'treats the last change of a page as the end of the log',
    fails: LIMITED,
    broken: pages((page) => ({ ...page, head: page.next })),
  },
  {
    that: 'ignores the limit',
    fails: LIMITED,
    broken: (store) => ({ changes: (page = {}) => store.changes({ ...page, limit: 1_000 }) }),
  },
  {
    that: 'begins a page with the change that it should begin after',
    fails: LIMITED,
    broken: (store) => ({
      changes: ({ after, ...page } = {}) =>
        store.changes({ ...page, ...(after && { after: after.version > 1 ? { version: after.version - 1 } : after }) }),
    }),
  },
  {
    that: 'does not say that the log was pruned past a place',
    fails: 'a place that the log was pruned past is lost',
    broken: (store) => ({
      changes: async (page) => {
        const answer = await store.changes(page)
        return answer.kind === 'lost' && answer.why === 'pruned' ? await store.changes() : answer
      },
    }),
  },
  {
    that: 'begins at version 0 where no place is given',
    fails: 'without a place, a page begins with the oldest change that the log still has',
    broken: (store) => ({ changes: (page = {}) => store.changes({ after: { version: 0 }, ...page }) }),
  },
  {
    that: 'requires an id with each version',
    fails: 'a place without an id counts by its version alone',
    broken: (store) => ({
      changes: ({ after, ...page } = {}) => store.changes({ ...page, ...(after && { after: { id: '', ...after } }) }),
    }),
  },
  {
    that: 'ignores the id',
    fails: 'a place above the clock, or of another change, means that the store went back',
    broken: (store) => ({
      changes: ({ after, ...page } = {}) => store.changes({ ...page, ...(after && { after: { version: after.version } }) }),
    }),
  },
  {
    that: 'treats a place above the clock as the end',
    fails: 'a place above the clock, or of another change, means that the store went back',
    broken: (store) => ({
      changes: async (page) => {
        const answer = await store.changes(page)
        if (answer.kind === 'changes' || answer.why !== 'rewound') return answer
        return { kind: 'changes', changes: [], next: answer.head, head: answer.head }
      },
    }),
  },
  {
    that: 'answers records that are not wanted',
    fails: 'a page without records is otherwise the same',
    broken: (store) => ({ changes: ({ records: _, ...page } = {}) => store.changes(page) }),
  },
  {
    that: 'omits records where they are asked for by name',
    fails: 'a page without records is otherwise the same',
    broken: (store) => ({ changes: (page = {}) => store.changes({ ...page, ...('records' in page && { records: false }) }) }),
  },
  {
    that: 'skips some changes',
    fails: 'a walk through the log while others write misses no change and sees none twice',
    broken: pages((page) => ({ ...page, changes: page.changes.filter(({ version }) => version % 17 !== 0) })),
  },
]

describe('the suite of the store catches a store that', () => {
  test.each(DEFECTS)('$that', async (defect) => {
    expect(await caught(defect)).toBeInstanceOf(Error)
  })
})
