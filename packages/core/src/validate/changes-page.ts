import * as v from 'valibot'
import type { ChangesPage } from '../contracts/index.ts'
import { type Schema, strict, text, version } from './fields.ts'
import { pageLimit } from './schemas.ts'

export const changesPageSchema: Schema<ChangesPage> = strict({
  limit: v.exactOptional(pageLimit),
  after: v.exactOptional(strict({ version, id: v.exactOptional(text(0, 200)) })),
})
