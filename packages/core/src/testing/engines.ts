import { RE2JS } from 're2js'
import { regExpEngine } from '../layers/load-engines.ts'
import type { Engines } from '../validate/engines.ts'

/** What checks patterns at once: a test that gets one wrong is told where it stands. */
export const ENGINES: Engines = { regExp: regExpEngine(RE2JS) }
