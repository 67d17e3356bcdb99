import type { Condition, Rule } from '@flagstone/core'

const plans = ['free', 'team', 'pro', 'scale', 'enterprise']

/** Five rules of two conditions for half of those who meet them. The last one is for a German with this plan, the others are for nobody. */
export function fiveRules(plan: string): Rule[] {
  return plans.map((each, index) => {
    const isLast = index === plans.length - 1
    const where: Condition = { attribute: 'plan', operator: 'in', value: [isLast ? plan : `${each} of old`, 'trial'] }
    return { when: [{ attribute: 'country', operator: 'equals', value: 'DE' }, where], rollout: 50 }
  })
}
