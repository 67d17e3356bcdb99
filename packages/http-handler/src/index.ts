export type { Action, Deed, Verdict } from './authorization.ts'
export { flagsHandler, type Handler } from './flags-handler.ts'
export type { CacheAges, HandlerOptions } from './options.ts'
export type { HttpCode, Problem, ProblemCode } from './problems.ts'
