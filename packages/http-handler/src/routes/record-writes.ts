import type { ChangeMeta } from '@flagstone/core'
import { checkName } from '@flagstone/core/schemas'
import type { ResolvedOptions } from '../options/handler-options.ts'
import { assertNotAborted } from '../request/aborted-request.ts'
import { readJsonBody } from '../request/json-body.ts'
import { expectedVersion, versionTag } from '../request/preconditions.ts'
import { jsonResponse } from '../response/json-response.ts'
import { REASON } from '../routing/query-parameters.ts'
import type { Route, RouteRequest } from '../routing/route.ts'
import { type RecordKind, recordKinds } from './record-kind.ts'

const VERSION_TAG = { ETag: 'The new version, for If-Match.' }

/** Creates, updates and deletes flags and segments. The actor comes from `authorize`, never from the request. */
export function recordWriteRoutes(options: ResolvedOptions): readonly Route[] {
  return recordKinds(options.flags).flatMap((kind) => [create(kind, options), update(kind, options), remove(kind)])
}

function create({ subject, title, admin, exists, writeProblems }: RecordKind, options: ResolvedOptions): Route {
  return {
    method: 'POST',
    path: `/${subject}s`,
    action: { kind: 'write', operation: 'create', subject },
    query: [REASON],
    description: {
      id: `create${title}`,
      summary: `Creates a ${subject}.`,
      body: `New${title}`,
      success: {
        status: 201,
        description: `The ${subject}, with its version.`,
        schema: `Written${title}`,
        headers: { ...VERSION_TAG, Location: `The path of the ${subject}.` },
      },
      problems: ['INVALID_NAME', 'INVALID_FLAG', exists, ...writeProblems],
    },
    async answer({ request, query, actor }) {
      const record = await readJsonBody(request, options)
      // Checked first, so that an illegal name is reported as such, whatever else is wrong.
      const name = checkName('name' in record ? record.name : undefined)
      assertNotAborted(request)
      const written = await admin.create(record, changeMeta({ query, actor }))
      return jsonResponse(written, 201, { ETag: versionTag(written.version), Location: `${options.basePath}/${subject}s/${name}` })
    },
  }
}

function update({ subject, title, admin, notFound, writeProblems }: RecordKind, options: ResolvedOptions): Route {
  return {
    method: 'POST',
    path: `/${subject}s/{name}/update`,
    action: { kind: 'write', operation: 'update', subject },
    query: [REASON],
    description: {
      id: `update${title}`,
      summary: `Updates a ${subject}: null removes an optional field, any other value replaces it whole.`,
      body: `${title}Patch`,
      takesIfMatch: true,
      success: { status: 200, description: `The ${subject}, with its new version.`, schema: `Written${title}`, headers: VERSION_TAG },
      problems: ['INVALID_FLAG', notFound, ...writeProblems],
    },
    async answer({ request, name, query, actor }) {
      const meta = { ...changeMeta({ query, actor }), ...precondition(request) }
      const patch = await readJsonBody(request, options)
      assertNotAborted(request)
      const written = await admin.update(name, patch, meta)
      return jsonResponse(written, 200, { ETag: versionTag(written.version) })
    },
  }
}

function remove({ subject, title, admin, notFound }: RecordKind): Route {
  return {
    method: 'DELETE',
    path: `/${subject}s/{name}`,
    action: { kind: 'write', operation: 'delete', subject },
    query: [REASON],
    description: {
      id: `delete${title}`,
      summary: `Deletes a ${subject}.`,
      takesIfMatch: true,
      success: { status: 200, description: 'The version of the change.', schema: 'Deleted' },
      problems: ['INVALID_FLAG', notFound],
    },
    async answer({ request, name, query, actor }) {
      const meta = { ...changeMeta({ query, actor }), ...precondition(request) }
      assertNotAborted(request)
      return jsonResponse(await admin.delete(name, meta))
    },
  }
}

function changeMeta({ query, actor }: Pick<RouteRequest, 'query' | 'actor'>): ChangeMeta {
  const reason = query.text('reason')
  return { ...(actor === undefined ? {} : { actor }), ...(reason === undefined ? {} : { reason }) }
}

function precondition(request: Request): Pick<ChangeMeta, 'expectedVersion'> {
  const version = expectedVersion(request)
  return version === undefined ? {} : { expectedVersion: version }
}
