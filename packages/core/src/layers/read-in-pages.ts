import type { Changes, Cursor, LoadedAll, LoadedRecord } from '../contracts/index.ts'
import { FlagsError } from '../errors/flags-error.ts'
import type { StoreLayer } from './store-layer.ts'

/** How often all pages are read where the history does not go on from one to the next. */
const ATTEMPTS = 3

/** What is done with the records of each page, before the next one is read. */
type OnPage = (records: readonly LoadedRecord[]) => Promise<void>

/** Everything that changed after a cursor, page by page, as one answer: nothing counts before its end is read. */
export async function readChangesSince(store: StoreLayer, since: Cursor, onPage: OnPage): Promise<Changes> {
  const changed = new Map<string, Extract<Changes, { kind: 'changes' }>['changed'][number]>()
  let cursor = since
  for (;;) {
    const from = cursor
    const page = await store.probePage((log, call, limit) => log.changesSince(from, call, limit))
    if (page.kind === 'lost') return page
    await onPage(page.changed.map(({ flag }) => flag))
    for (const change of page.changed) {
      // In the order of their latest versions.
      changed.delete(change.name)
      changed.set(change.name, change)
    }
    if (!page.more) {
      // One page, mostly an empty one, tells nothing about how long a full one takes.
      if (cursor !== since) store.growPages()
      return { ...page, changed: [...changed.values()] }
    }
    cursor = page.cursor
  }
}

/** All flags and segments as of one cursor: page by page, and then what changed while the pages were read. */
export async function readAll(store: StoreLayer, onPage: OnPage): Promise<LoadedAll> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const loaded = await readPages(store, onPage)
    if (loaded !== undefined) return loaded
  }
  throw new FlagsError(
    'GENERAL',
    'All flags could not be read: the store was switched, a lagging standby answered, or the log was pruned, meanwhile.',
  )
}

/** `undefined` where the pages do not belong to one history. */
async function readPages(store: StoreLayer, onPage: OnPage): Promise<LoadedAll | undefined> {
  const first = await store.probePage((source, call, limit) => source.loadAll(call, { limit }))
  await onPage([...first.flags.values()])
  if (first.next === undefined) return first
  const { next: _, ...head } = first
  const flags = new Map(first.flags)
  let { standby } = first
  for (let after: string | undefined = first.next; after !== undefined; ) {
    const from: string = after
    const page = await store.probePage((source, call, limit) => source.loadAll(call, { limit, after: from }))
    // A standby may answer any page, and lag behind the first: the log, read from the first page's clock, would not have what it lacks.
    if (page.storeId !== first.storeId || page.asOf < first.asOf) return undefined
    standby ??= page.standby
    await onPage([...page.flags.values()])
    for (const [key, record] of page.flags) flags.set(key, record)
    after = page.next
  }
  store.growPages()
  const changes = await readChangesSince(store, first.cursor, onPage)
  if (changes.kind === 'lost' || (changes.storeId ?? first.storeId) !== first.storeId) return undefined
  for (const { name, flag } of changes.changed) {
    if (flag === null) flags.delete(name)
    else flags.set(name, flag)
  }
  standby ??= changes.standby
  return { ...head, ...(standby && { standby }), asOf: changes.cursor.version, cursor: changes.cursor, flags }
}
