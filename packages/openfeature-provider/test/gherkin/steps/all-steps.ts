import type { Step } from '../step.ts'
import { contextMergingSteps } from './context-merging-steps.ts'
import { contextSteps } from './context-steps.ts'
import { deprecatedSteps } from './deprecated-steps.ts'
import { evaluationDetailsSteps } from './evaluation-details-steps.ts'
import { evaluationSteps } from './evaluation-steps.ts'
import { hookSteps } from './hook-steps.ts'
import { metadataSteps } from './metadata-steps.ts'
import { providerSteps } from './provider-steps.ts'

export const allSteps: readonly Step[] = [
  ...providerSteps,
  ...evaluationSteps,
  ...evaluationDetailsSteps,
  ...metadataSteps,
  ...contextSteps,
  ...contextMergingSteps,
  ...hookSteps,
  ...deprecatedSteps,
]
