import { metaSchema, pageSchema } from '@flagstone/core/schemas'
import { BEFORE_LISTENING } from '../events/event-id.ts'
import { fieldsOf, jsonSchemaOf } from '../schemas/json-schema.ts'
import type { QueryParameter } from './route.ts'

const page = fieldsOf(jsonSchemaOf(pageSchema))
const meta = fieldsOf(jsonSchemaOf(metaSchema))

export const USER_ID: QueryParameter = {
  name: 'user_id',
  description: 'The user to evaluate the flag for: the targeting key. Without it the flag is evaluated for no user.',
  schema: { type: 'string' },
}

export const MIN_VERSION: QueryParameter = {
  name: 'min_version',
  description: 'The answer is not older than this version, as a write returned it.',
  schema: { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
}

export const LAST_EVENT_ID: QueryParameter = {
  name: 'last_event_id',
  description:
    'For clients that cannot send the header `Last-Event-ID`; with both, the header counts. ' +
    `\`${BEFORE_LISTENING}\`: the client evaluated flags before it connected, and is told at once to evaluate all of them again.`,
  schema: { type: 'string' },
}

export const LIMIT: QueryParameter = {
  name: 'limit',
  description: 'The largest number of changes. Default 50.',
  schema: page['limit'] ?? {},
}

export const BEFORE: QueryParameter = {
  name: 'before',
  description: 'Only changes below this version. For the next page: the version of the last change of this page.',
  schema: page['before'] ?? {},
}

export const REASON: QueryParameter = {
  name: 'reason',
  description: 'The reason for the change, for the change log.',
  schema: meta['reason'] ?? {},
}
