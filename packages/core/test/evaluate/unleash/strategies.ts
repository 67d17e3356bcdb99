import { type Alternatives, allOf, EVERYBODY } from './condition-alternatives.ts'
import { constrained } from './constraints.ts'
import { inSegment } from './segments.ts'
import type { Strategy, UnleashState } from './unleash-state.ts'
import { Untranslatable } from './untranslatable.ts'

/** What is hashed: `<salt>:<value of the attribute>`; without an attribute, the targeting key. */
export interface Draw {
  readonly salt: string
  readonly bucketBy: string | undefined
}

/** Whom a strategy lets in: the given percentage of those who meet one of the alternatives. */
export interface Gate {
  readonly when: Alternatives
  readonly rollout: number
  /** Only where the rollout is partial. */
  readonly draw?: Draw
}

export function gateOf(strategy: Strategy, state: UnleashState): Gate {
  const { when, ...rest } = ruleOf(strategy)
  const { constraints, segments = [] } = strategy
  return { when: allOf([constrained(constraints), ...segments.map((id) => inSegment(id, state)), when]), ...rest }
}

function ruleOf({ name, parameters = {} }: Strategy): Gate {
  const { userIds = '', IPs = '', percentage, groupId: salt = '', rollout, stickiness } = parameters
  switch (name) {
    case 'default':
      return { when: EVERYBODY, rollout: 100 }
    case 'userWithId':
      return { when: constrained([{ contextName: 'userId', operator: 'IN', values: userIds.split(',') }]), rollout: 100 }
    case 'remoteAddress':
      return { when: constrained([{ contextName: 'remoteAddress', operator: 'IN_CIDR', values: IPs.split(/\s*,\s*/) }]), rollout: 100 }
    case 'gradualRolloutUserId':
      return sticky(Number(percentage), { salt, bucketBy: 'userId' })
    case 'gradualRolloutSessionId':
      return sticky(Number(percentage), { salt, bucketBy: 'sessionId' })
    case 'gradualRolloutRandom':
      return atRandom(Number(percentage))
    case 'flexibleRollout':
      return stickiness === 'random' ? atRandom(Number(rollout)) : sticky(Number(rollout), { salt, bucketBy: bucketByOf(stickiness) })
    default:
      throw new Untranslatable('a host adds no strategies of its own')
  }
}

/** The attribute to hash; `undefined` for the targeting key. */
export function bucketByOf(stickiness = 'default'): string | undefined {
  if (stickiness === 'random') throw new Untranslatable('a rollout is by a key, never by chance')
  return stickiness === 'default' ? undefined : stickiness
}

function sticky(rollout: number, draw: Draw): Gate {
  if (isPartial(rollout)) return { when: EVERYBODY, rollout, draw }
  // At 100 % Flagstone hashes nothing, so a missing attribute does not matter; Unleash keeps out users without it.
  return { when: draw.bucketBy === undefined ? EVERYBODY : [[{ attribute: draw.bucketBy, operator: 'exists' }]], rollout }
}

function atRandom(rollout: number): Gate {
  if (isPartial(rollout)) throw new Untranslatable('a rollout is by a key, never by chance')
  return { when: EVERYBODY, rollout }
}

function isPartial(rollout: number): boolean {
  return rollout > 0 && rollout < 100
}
