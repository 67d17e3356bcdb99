import type { Step } from '../step.ts'
import { answers } from './evaluation-details-steps.ts'
import { contextLevels } from './context-merging-steps.ts'
import { contexts } from './context-steps.ts'
import { deprecated } from './deprecated-steps.ts'
import { hooks } from './hook-steps.ts'
import { metadata } from './metadata-steps.ts'
import { providers } from './provider-steps.ts'
import { questions } from './evaluation-steps.ts'

export const steps: readonly Step[] = [
  ...providers,
  ...questions,
  ...answers,
  ...metadata,
  ...contexts,
  ...contextLevels,
  ...hooks,
  ...deprecated,
]
