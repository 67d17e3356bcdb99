import { describe, expect, test } from 'vitest'
import type { LoggedChanges } from '../../src/contracts/index.ts'
import { caught, type StoreDefect } from './broken-stores.ts'

type Page = Extract<LoggedChanges, { kind: 'changes' }>

const LIMITED = 'a page of the log holds the oldest changes after a place, 50 unless it says otherwise'
const ANSWERED = 'the changes of all flags and segments are told as they were answered, oldest first'

/** Its pages come out otherwise. */
function pages(bent: (page: Page) => LoggedChanges): StoreDefect['broken'] {
  return (store) => ({
    changes: async (...args) => {
      const answer = await store.changes(...args)
      return answer.kind === 'lost' ? answer : bent(answer)
    },
  })
}

const DEFECTS: readonly StoreDefect[] = [
  {
    that: 'tells the log newest first',
    fails: ANSWERED,
    broken: pages((page) => ({ ...page, changes: [...page.changes].reverse() })),
  },
  {
    that: 'keeps segments out of the log',
    fails: ANSWERED,
    broken: pages((page) => ({ ...page, changes: page.changes.filter(({ flag }) => !flag.startsWith('segment:')) })),
  },
  {
    that: 'tells each flag once',
    fails: ANSWERED,
    broken: pages((page) => ({ ...page, changes: [...new Map(page.changes.map((change) => [change.flag, change])).values()] })),
  },
  {
    that: 'says that the next page begins at the end',
    fails: LIMITED,
    broken: pages((page) => ({ ...page, next: page.head })),
  },
  {
    that: 'says that the next page begins at the beginning where nothing happened',
    fails: 'where nothing has happened since, a page is empty and the next one begins where it began',
    broken: pages((page) => ({ ...page, next: page.changes.length > 0 ? page.next : { version: 0, id: '' } })),
  },
  {
    that: 'takes the last change of a page for the end of the log',
    fails: LIMITED,
    broken: pages((page) => ({ ...page, head: page.next })),
  },
  {
    that: 'knows no limit',
    fails: LIMITED,
    broken: (store) => ({ changes: (page = {}) => store.changes({ ...page, limit: 1_000 }) }),
  },
  {
    that: 'begins a page with the very change that it is to come after',
    fails: LIMITED,
    broken: (store) => ({
      changes: ({ after, ...page } = {}) =>
        store.changes({ ...page, ...(after && { after: after.version > 1 ? { version: after.version - 1 } : after }) }),
    }),
  },
  {
    that: 'keeps silent about what was pruned',
    fails: 'where the log was pruned past a place, what came after it is lost',
    broken: (store) => ({
      changes: async (page) => {
        const answer = await store.changes(page)
        return answer.kind === 'lost' && answer.why === 'pruned' ? await store.changes() : answer
      },
    }),
  },
  {
    that: 'wants a place in a log that was pruned',
    fails: 'without a place, a page begins with the oldest change that the log still has',
    broken: (store) => ({ changes: (page = {}) => store.changes({ after: { version: 0 }, ...page }) }),
  },
  {
    that: 'wants an id with each version',
    fails: 'a place without an id is taken by its version alone',
    broken: (store) => ({
      changes: ({ after, ...page } = {}) => store.changes({ ...page, ...(after && { after: { id: '', ...after } }) }),
    }),
  },
  {
    that: 'looks at no id',
    fails: 'a place above the clock, or of another change, means that the store went back',
    broken: (store) => ({
      changes: ({ after, ...page } = {}) => store.changes({ ...page, ...(after && { after: { version: after.version } }) }),
    }),
  },
  {
    that: 'takes a place above the clock for the end',
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
    that: 'answers with the records where nobody wants them',
    fails: 'without its records, a page is otherwise the same',
    broken: (store) => ({ changes: ({ records: _, ...page } = {}) => store.changes(page) }),
  },
  {
    that: 'answers without the records where somebody says that they are wanted',
    fails: 'without its records, a page is otherwise the same',
    broken: (store) => ({ changes: (page = {}) => store.changes({ ...page, ...('records' in page && { records: false }) }) }),
  },
  {
    that: 'passes over a change now and then',
    fails: 'whoever walks the log while others write misses nothing and sees nothing twice',
    broken: pages((page) => ({ ...page, changes: page.changes.filter(({ version }) => version % 17 !== 0) })),
  },
]

describe('the suite of the store catches a store that', () => {
  test.each(DEFECTS)('$that', async (defect) => {
    expect(await caught(defect)).toBeInstanceOf(Error)
  })
})
