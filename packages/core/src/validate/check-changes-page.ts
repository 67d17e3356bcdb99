import * as v from 'valibot'
import type { ChangesPage } from '../contracts/index.ts'
import { check } from './check-input.ts'
import { pageLimit } from './flag-schemas.ts'
import { type Schema, strict, text, version } from './schema-fields.ts'

const changesPageSchema: Schema<ChangesPage> = strict({
  limit: v.exactOptional(pageLimit),
  after: v.exactOptional(strict({ version, id: v.exactOptional(text(0, 200)) })),
  records: v.exactOptional(v.boolean()),
})

export function checkChangesPage(input: unknown): ChangesPage {
  return check(changesPageSchema, input ?? {}, 'INVALID_OPTIONS', 'This page of the change log cannot be read')
}
