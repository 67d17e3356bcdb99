import type { Prerequisite } from '../contracts/index.ts'
import type { CompiledRule } from './compiled-rule.ts'
import type { CompiledCondition } from './compiled-condition.ts'
import type { Finding } from './prerequisites.ts'
import type { Reading } from './attribute-reader.ts'

/** Is told what an evaluation does, in this order. */
export interface Recorder {
  prerequisite(prerequisite: Prerequisite, finding: Finding): void
  /** A rule is about to be asked; its conditions follow. */
  rule(rule: CompiledRule): void
  condition(condition: CompiledCondition, reading: Reading, met: boolean): void
}
