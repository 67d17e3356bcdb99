import type { ChangeMeta } from '@flagstone/core'
import { json } from '../answers.ts'
import { assertPresent, readObject } from '../body.ts'
import type { ResolvedOptions } from '../options.ts'
import { expectedVersion, versionTag } from '../preconditions.ts'
import type { Asked, Route } from '../route.ts'

export function flagRoutes(options: ResolvedOptions): readonly Route[] {
  const { admin } = options.flags
  return [
    {
      method: 'POST',
      path: '/flags/{name}/update',
      action: { kind: 'write', operation: 'update', subject: 'flag' },
      query: ['reason'],
      async answer(asked) {
        const meta = metaOf(asked)
        const patch = await readObject(asked.request, options)
        assertPresent(asked.request)
        const written = await admin.update(asked.name, patch, meta)
        return json(written, 200, { ETag: versionTag(written.version) })
      },
    },
  ]
}

function metaOf({ request, query, actor }: Asked): ChangeMeta {
  const reason = query.text('reason')
  const version = expectedVersion(request)
  return {
    ...(actor === undefined ? {} : { actor }),
    ...(reason === undefined ? {} : { reason }),
    ...(version === undefined ? {} : { expectedVersion: version }),
  }
}
