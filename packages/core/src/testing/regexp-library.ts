import { RE2JS } from 're2js'
import { regExpLibrary } from '../layers/load-operator-libraries.ts'
import type { OperatorLibraries } from '../validate/operator-libraries.ts'

/** Checks patterns at once, so that the error of a wrong one points into the test. */
export const LIBRARIES: OperatorLibraries = { regExp: regExpLibrary(RE2JS) }
