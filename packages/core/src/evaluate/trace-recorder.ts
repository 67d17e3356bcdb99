import type { Prerequisite } from '../contracts/index.ts'
import type { AttributeReader } from './attribute-reader.ts'
import type { CompiledCondition } from './compiled-condition.ts'
import type { CompiledRule } from './compiled-rule.ts'
import type { Finding } from './prerequisites.ts'

/** Is told what an evaluation does, in this order. */
export interface TraceRecorder {
  prerequisite(prerequisite: Prerequisite, finding: Finding): void
  /** A rule is about to be asked; its conditions follow. */
  rule(rule: CompiledRule): void
  condition(condition: CompiledCondition, reader: AttributeReader, met: boolean): void
}
