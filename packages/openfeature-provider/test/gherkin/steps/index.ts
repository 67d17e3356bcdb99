import type { Step } from '../step.ts'
import { answers } from './answers.ts'
import { contextLevels } from './context-levels.ts'
import { contexts } from './contexts.ts'
import { deprecated } from './deprecated.ts'
import { hooks } from './hooks.ts'
import { metadata } from './metadata.ts'
import { providers } from './providers.ts'
import { questions } from './questions.ts'

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
