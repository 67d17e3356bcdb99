import * as v from 'valibot'
import type { Schema } from './schema-fields.ts'

/** The longest time that administration takes, in days. */
export const MAX_DAYS = 36_500

export const days: Schema<number> = v.pipe(v.number('a number of days'), v.minValue(0, '0 or more'), v.maxValue(MAX_DAYS, '36,500 or less'))
