import { metaSchema, pageSchema } from '@flagstone/core/schemas'
import { BEFORE_LISTENING } from '../events/event-id.ts'
import { fieldsOf, jsonSchemaOf } from '../schemas/json-schema.ts'
import type { QueryParameter } from './route.ts'

const page = fieldsOf(jsonSchemaOf(pageSchema))
const meta = fieldsOf(jsonSchemaOf(metaSchema))

export const USER_ID: QueryParameter = {
  name: 'user_id',
  description: 'Whom the flag is asked for: the targeting key. None: nobody in particular.',
  schema: { type: 'string' },
}

export const MIN_VERSION: QueryParameter = {
  name: 'min_version',
  description: 'No answer older than this version, as a write returned it.',
  schema: { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
}

export const LAST_EVENT_ID: QueryParameter = {
  name: 'last_event_id',
  description:
    'For clients that cannot send the header `Last-Event-ID`, which counts where both are there. ' +
    `\`${BEFORE_LISTENING}\`: the client has asked before it listened, and is told at once to ask for everything again.`,
  schema: { type: 'string' },
}

export const LIMIT: QueryParameter = {
  name: 'limit',
  description: 'How many changes at most. Default 50.',
  schema: page['limit'] ?? {},
}

export const BEFORE: QueryParameter = {
  name: 'before',
  description: 'Only changes below this version: the last of the page before.',
  schema: page['before'] ?? {},
}

export const REASON: QueryParameter = {
  name: 'reason',
  description: 'Why, for the change log.',
  schema: meta['reason'] ?? {},
}
