import type { Change, ChangeMeta, HistoryPage, NewSegment, SegmentPatch, SegmentRecord } from '../contracts/index.ts'
import type { ClientState } from '../errors/client-state.ts'
import type { FlagsError } from '../errors/flags-error.ts'
import { loadOperatorLibraries } from '../layers/load-operator-libraries.ts'
import type { StoreLayer } from '../layers/store-layer.ts'
import { checkMeta, checkPage } from '../validate/check-flag.ts'
import { checkName } from '../validate/check-input.ts'
import { checkNewSegment, checkSegmentPatch } from '../validate/check-segment.ts'
import { operatorLibrariesOf } from '../validate/operator-libraries.ts'
import { segmentKey } from '../validate/segment-key.ts'
import type { Committed, WritePath } from '../write/write-path.ts'
import { createIfMissing } from './create-if-missing.ts'
import { recordAfter, segmentsIn, usableRecord } from './loaded-records.ts'
import type { Written } from './write-results.ts'

export interface WrittenSegment extends Written {
  readonly segment: SegmentRecord
}

/** Administers segments, as `FlagsAdmin` does flags. Flags whose rules name a segment need not change with it. */
export interface SegmentsAdmin {
  /** All segments, by name. A record that cannot be read is left out and reported. */
  list(): Promise<readonly SegmentRecord[]>
  /** `null` where there is no such segment. */
  get(name: string): Promise<SegmentRecord | null>
  create(segment: NewSegment, meta?: Omit<ChangeMeta, 'expectedVersion'>): Promise<WrittenSegment>
  /** Returns the segment as it is, or creates it where there is none. Of several calls at once, one creates it. */
  ensure(segment: NewSegment, meta?: Omit<ChangeMeta, 'expectedVersion'>): Promise<SegmentRecord>
  /** In a patch, `null` removes a field and any other value replaces it whole. */
  update(name: string, patch: SegmentPatch, meta?: ChangeMeta): Promise<WrittenSegment>
  /** Rules may still name it: then their condition is unknown, so it is not met, nor is its negation. */
  delete(name: string, meta?: ChangeMeta): Promise<Written>
  /** The changes of one segment, newest first; each calls it `segment:<name>`. */
  history(name: string, page?: HistoryPage): Promise<readonly Change[]>
}

export function segmentsAdmin(
  store: StoreLayer,
  writes: WritePath,
  report: (error: FlagsError) => void,
  clientState: ClientState,
): SegmentsAdmin {
  const admin: SegmentsAdmin = {
    async list() {
      clientState.assertOpen()
      const { flags } = await store.administer('Segments', (source, call) => source.loadAll(call))
      return segmentsIn(flags, report)
    },

    async get(name) {
      clientState.assertOpen()
      const key = segmentKey(checkName(name))
      const { flags } = await store.administer(`Segment ${name}`, (source, call) => source.load([key], call))
      return usableRecord(flags.get(key)) as SegmentRecord | null
    },

    async create(segment, meta) {
      clientState.assertOpen()
      const checked = checkNewSegment(segment, await loadOperatorLibraries(operatorLibrariesOf(segment)))
      const key = segmentKey(checked.name)
      const checkedMeta = checkMeta(key, meta)
      return written(await writes.commit(key, (source, call) => source.segments.create(checked, checkedMeta, call)))
    },

    async ensure(segment, meta) {
      clientState.assertOpen()
      const checked = checkNewSegment(segment, await loadOperatorLibraries(operatorLibrariesOf(segment)))
      checkMeta(segmentKey(checked.name), meta)
      return await createIfMissing(
        async () => await writes.afterCatchUp(await admin.get(checked.name)),
        async () => (await admin.create(checked, meta)).segment,
      )
    },

    async update(name, patch, meta) {
      clientState.assertOpen()
      const checked = checkSegmentPatch(checkName(name), patch, await loadOperatorLibraries(operatorLibrariesOf(patch)))
      const key = segmentKey(name)
      const checkedMeta = checkMeta(key, meta)
      return written(await writes.commit(key, (source, call) => source.segments.update(name, checked, checkedMeta, call)))
    },

    async delete(name, meta) {
      clientState.assertOpen()
      const key = segmentKey(checkName(name))
      const checkedMeta = checkMeta(key, meta)
      const { change, propagation } = await writes.commit(key, (source, call) => source.segments.delete(name, checkedMeta, call))
      return { version: change.version, propagation }
    },

    async history(name, page) {
      clientState.assertOpen()
      const key = segmentKey(checkName(name))
      const checked = checkPage(key, page)
      return await store.administer(`The history of segment ${name}`, (source, call) => source.history(key, checked, call))
    },
  }
  return admin
}

function written({ change, propagation }: Committed): WrittenSegment {
  return { segment: recordAfter(change) as SegmentRecord, version: change.version, propagation }
}
