import type { Condition } from '../contracts/index.ts'
import { valueText } from '../errors/value-text.ts'
import type { Stay } from '../evaluate/ramp.ts'
import type { ConditionTrace, PrerequisiteTrace, RuleTrace, Trace } from '../evaluate/trace.ts'
import { isFlagName } from '../validate/flag-name.ts'
import type { Explanation, LayerFinding } from './explanation.ts'

const LAYERS: Readonly<Record<LayerFinding['layer'], string>> = {
  memory: 'memory of this process',
  decision: 'decision in the shared cache',
  cache: 'flag in the shared cache',
  store: 'store',
}

const STATES: Readonly<Record<LayerFinding['state'], string>> = {
  answers: 'has it',
  nothing: 'has nothing',
  'does not exist': 'knows that there is no such flag',
  'too old': 'has it, too old to count',
  'no longer vouched for': 'has it, but the store was not reached for 30 s',
  'not asked': 'is not asked',
  failed: 'failed',
}

const UNMET: Readonly<Record<PrerequisiteTrace['why'], string>> = {
  on: 'though it is on',
  off: 'it is off',
  'another variant': 'it gives another variant',
  'no such flag': 'there is no such flag',
  'not known': 'it could not be read',
  'a cycle': 'it requires this flag in turn',
  'too deep': 'it is more than 100 levels of prerequisites away',
}

/** The explanation as lines of text, for a person. */
export function explanationText({ evaluation, layers, floor, clock, trace }: Omit<Explanation, 'text'>): string {
  const { name, enabled, reason, targetingKey, source, variant, errorMessage } = evaluation
  const who = targetingKey === undefined ? 'a context without a targeting key' : valueText(targetingKey)
  const given = variant === undefined ? '' : `, variant ${variant}`
  const lines = [
    `${isFlagName(name) ? name : valueText(name)} is ${enabled ? 'on' : 'off'} for ${who}${given}: ${reason}, answered by ${source}.`,
  ]
  if (errorMessage !== undefined) lines.push(`  ${errorMessage}`)
  if (trace !== undefined) lines.push('', 'How it was decided', ...steps(trace).map((line) => `  ${line}`))
  if (layers.length === 0) return lines.join('\n')
  lines.push('', `What the layers have (the store's clock is ${clock}; nothing below ${floor} counts for this flag)`)
  lines.push(...layers.map((layer) => `  ${layerLine(layer)}`))
  return lines.join('\n')
}

function layerLine({ layer, state, version, asOf, why }: LayerFinding): string {
  const details = [version === undefined ? '' : `version ${version}`, asOf === undefined ? '' : `as of ${asOf}`, why ?? ''].filter(Boolean)
  return `${LAYERS[layer]} ${STATES[state]}${details.length > 0 ? `: ${details.join(', ')}` : ''}`
}

function steps(trace: Trace): string[] {
  const { decision, prerequisites, rules, bucketing, ramp, draw } = trace
  if (decision.reason === 'DISABLED') return ['The flag is disabled: off for everybody.']
  const lines = [...prerequisites.map(prerequisiteLine), ...rules.flatMap(ruleLines)]
  if (decision.unmet !== undefined) return [...lines, `A prerequisite is not met (${decision.unmet}): off.`]
  lines.push(whoDecides(trace))
  if (ramp !== undefined) {
    lines.push(
      `The ramp goes from ${ramp.from.rollout} % at ${ramp.from.at} to ${ramp.to.rollout} % at ${ramp.to.at}; now it is at ${ramp.rollout} %.`,
    )
    lines.push(...stayLines(ramp.stay))
  }
  if (bucketing !== undefined) {
    const { input, hash, bucket, rollout } = bucketing
    const verdict = bucket < rollout ? 'below it: in' : 'not below it: out'
    lines.push(`xxh32(${valueText(input)}) = ${hash} → bucket ${bucket} %; the rollout is ${rollout} %, ${verdict}.`)
  }
  if (draw !== undefined) {
    const ranges = draw.ranges.map(({ name, from, to }) => `${name} ${from} to ${to}`).join(', ')
    lines.push(`The variant is drawn with another seed: ${draw.bucket} % of the line (${ranges}) → ${decision.variant}.`)
  } else if (decision.variant !== undefined) {
    lines.push(`The variant is ${decision.variant}.`)
  }
  return lines
}

function whoDecides({ decision, rules }: Trace): string {
  const { rule, rollout = 0 } = decision
  if (rule !== undefined) return `${ruleName(rule)} decides, with a rollout of ${rollout} %.`
  return `${rules.length > 0 ? 'No rule matches, so the' : 'The'} flag's own rollout of ${rollout} % decides.`
}

function prerequisiteLine({ flag, variant, met, why }: PrerequisiteTrace): string {
  const wanted = variant === undefined ? 'on' : `on with variant ${variant}`
  return `Prerequisite ${flag} must be ${wanted}: ${met ? 'met' : `not met, ${UNMET[why]}`}.`
}

function ruleLines(rule: RuleTrace): string[] {
  return [
    `${ruleName(rule)} ${rule.met ? 'matches' : 'does not match'}:`,
    ...rule.conditions.map((condition) => `  ${conditionLine(condition)}`),
  ]
}

function ruleName({ index, name }: { readonly index: number; readonly name?: string }): string {
  return `Rule ${index + 1}${name === undefined ? '' : ` (${name})`}`
}

function conditionLine(condition: ConditionTrace): string {
  const { actual, met, why } = condition
  const is = actual === undefined ? '' : `; it is ${actual}`
  return `${met ? '✓' : '✗'} ${wanted(condition)}${is}${why === undefined ? '' : ` (${why})`}`
}

function wanted({ attribute, operator, value, not, ignoreCase }: Condition): string {
  const compared = value === undefined ? '' : ` ${JSON.stringify(value)}`
  return `${attribute} ${not === true ? 'not ' : ''}${operator}${compared}${ignoreCase === true ? ' in any case' : ''}`
}

function stayLines(stay: NonNullable<Trace['ramp']>['stay']): string[] {
  if (stay === undefined) return []
  return stay === 'never' ? ['This context is never in while the ramp lasts.'] : [`This context is in ${stayOf(stay)}.`]
}

function stayOf({ since, until }: Stay): string {
  if (since === undefined && until === undefined) return 'all the time'
  return since === undefined ? `until ${until}` : `from ${since} on`
}
