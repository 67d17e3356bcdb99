import { type Change, FlagsError } from '@flagstone/core'
import type { ResolvedOptions } from '../options/handler-options.ts'
import { versionTag } from '../request/preconditions.ts'
import { jsonResponse } from '../response/json-response.ts'
import { safeErrorMessage } from '../response/safe-error-message.ts'
import { BEFORE, LIMIT } from '../routing/query-parameters.ts'
import type { Route } from '../routing/route.ts'
import { type RecordKind, recordKinds } from './record-kind.ts'

/** Reads flags and segments as they are stored, and their history. */
export function recordReadRoutes({ flags }: ResolvedOptions): readonly Route[] {
  return recordKinds(flags).flatMap((kind) => [list(kind), get(kind), history(kind)])
}

function list({ subject, title, admin }: RecordKind): Route {
  const many = `${subject}s`
  return {
    method: 'GET',
    path: `/${many}`,
    action: { kind: 'read', operation: 'list', subject },
    query: [],
    description: {
      id: `list${title}s`,
      summary: `All ${many}, by name. A record that cannot be read is left out.`,
      success: { status: 200, description: `The ${many}.`, schema: `${title}List` },
    },
    async answer() {
      return jsonResponse({ [many]: await admin.list() })
    },
  }
}

function get({ subject, title, admin, recordPath, notFound }: RecordKind): Route {
  return {
    method: 'GET',
    path: recordPath,
    action: { kind: 'read', operation: 'get', subject },
    query: [],
    description: {
      id: `get${title}`,
      summary: `One ${subject} as it is stored.`,
      success: { status: 200, description: `The ${subject}.`, schema: `${title}Record`, headers: { ETag: 'Its version, for If-Match.' } },
      problems: [notFound, 'PARSE_ERROR', 'RECORD_TOO_NEW'],
    },
    async answer({ name }) {
      const record = await admin.get(name)
      if (record === null) throw new FlagsError(notFound, `${title} ${name} does not exist.`)
      return jsonResponse(record, 200, { ETag: versionTag(record.version) })
    },
  }
}

function history({ subject, title, admin }: RecordKind): Route {
  return {
    method: 'GET',
    path: `/${subject}s/{name}/history`,
    action: { kind: 'read', operation: 'history', subject },
    query: [LIMIT, BEFORE],
    description: {
      id: `get${title}History`,
      summary: `The changes of one ${subject}, newest first; empty for one that never existed.`,
      success: { status: 200, description: 'The changes.', schema: 'History' },
      problems: ['INVALID_OPTIONS'],
    },
    async answer({ name, query }) {
      const [limit, before] = [query.wholeNumber('limit'), query.wholeNumber('before')]
      const page = { ...(limit === undefined ? {} : { limit }), ...(before === undefined ? {} : { before }) }
      return jsonResponse({ changes: (await admin.history(name, page)).map(safeChange) })
    },
  }
}

function safeChange(change: Change): object {
  return { ...change, before: recordOrError(change.before), after: recordOrError(change.after) }
}

function recordOrError(record: Change['before']): object | null {
  if (!(record instanceof FlagsError)) return record
  return { errorCode: record.code, errorMessage: safeErrorMessage(record.code, record.message) }
}
