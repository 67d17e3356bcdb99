import type { Condition, Rule } from '@flagstone/core'

const plans = ['free', 'team', 'pro', 'scale', 'enterprise']

/** Five rules of two conditions, each with a rollout of 50 %. The last one matches Germans with this plan; the others match nobody. */
export function fiveRules(plan: string): Rule[] {
  return plans.map((each, index) => {
    const isLast = index === plans.length - 1
    const where: Condition = { attribute: 'plan', operator: 'in', value: [isLast ? plan : `${each} of old`, 'trial'] }
    return { when: [{ attribute: 'country', operator: 'equals', value: 'DE' }, where], rollout: 50 }
  })
}
