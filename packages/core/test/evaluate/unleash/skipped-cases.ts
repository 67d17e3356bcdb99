import type { Answer } from './specification.ts'
import type { Lack } from './untranslatable.ts'

/** A case of the specification to which Flagstone does not give the expected answer, and why. */
export interface LeftOut {
  readonly file: string
  readonly description: string
  readonly reason: Lack | Difference
  /** Flagstone's answer, where the feature can be translated but means something else. */
  readonly instead?: Answer
}

type Difference = 'prerequisites of prerequisites count'

const ASCII: Lack = 'flag names are ASCII'
const NEVER_OFF: Lack = 'a flag cannot require that another one is off'
const TRANSITIVE: Difference = 'prerequisites of prerequisites count'

const NAMES = '18-utf8-flag-names.json'
const DEPENDENT = '17-dependent-features.json'

export const LEFT_OUT: readonly LeftOut[] = [
  { file: NAMES, reason: ASCII, description: 'Feature.UTF-8.Hellø_Wørld feature toggle should be enabled' },
  { file: NAMES, reason: ASCII, description: 'Feature.UTF-8.😊_φriend_你好_🌍 feature toggle should be enabled' },
  { file: DEPENDENT, reason: NEVER_OFF, description: 'Child is enabled only if the parent is expectedly disabled and indeed is.' },
  {
    file: DEPENDENT,
    reason: NEVER_OFF,
    description: 'Child is disabled if the parent is expected to be disabled but is actually enabled.',
  },
  { file: DEPENDENT, reason: NEVER_OFF, description: 'Child is enabled if all of its multiple parents are enabled.' },
  { file: DEPENDENT, reason: NEVER_OFF, description: "Child yields its variant when the parent's disabled state is as expected." },
  {
    file: DEPENDENT,
    reason: NEVER_OFF,
    description: "Child yields a disabled variant when the parent's disabled state is not as expected.",
  },
  { file: DEPENDENT, reason: NEVER_OFF, description: 'Child yields its variant when all its parents are enabled.' },
  { file: DEPENDENT, reason: TRANSITIVE, description: 'Child is disabled if a transitive dependency exists.', instead: true },
  {
    file: DEPENDENT,
    reason: TRANSITIVE,
    description: 'Child yields a disabled variant because of a transitive dependency.',
    instead: { name: 'parent.variant', payload: { type: 'string', value: 'variantValue' }, enabled: true, feature_enabled: true },
  },
]
