import { RE2JS } from 're2js'
import { regExpEngine } from '../layers/load-engines.ts'
import type { Engines } from '../validate/engines.ts'

/** Checks patterns at once, so that the error of a wrong one points into the test. */
export const ENGINES: Engines = { regExp: regExpEngine(RE2JS) }
