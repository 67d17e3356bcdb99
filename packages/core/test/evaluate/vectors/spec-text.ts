import type { ConditionVector } from './condition-vector.ts'
import type { EvaluationVector } from './evaluation-vector.ts'

const HEAD = {
  about: 'How a flag is evaluated, beside spec/bucketing.json. Language-neutral: any implementation can check itself against this file.',
  format: [
    'conditions: a condition, a context, and whether the context meets it',
    'evaluations: a flag, other flags and segments that there are (none unless given), the moment, a context, and the decision',
    'a flag or segment is given as it is created: enabled unless it says otherwise, rollout 0 unless it says otherwise',
    'a context is a targeting key (a string or a whole number) or an object of attributes, one of which may be targetingKey',
    'expect: what it does not name must be absent from the decision, except the rollout; rule is the position of the rule that decided',
    'errorCode without the reason ERROR is about the variant: the gate is as it says',
    '{ "$repeat": [text, times] } stands for the text repeated',
    'bucket and rollout are in percent; the hash is that of spec/bucketing.json',
  ],
}

/** The spec as a file: one vector a line. */
export function specText(conditions: readonly ConditionVector[], evaluations: readonly EvaluationVector[]): string {
  const lines = (vectors: readonly object[]): string => vectors.map((vector) => `    ${escaped(JSON.stringify(vector))}`).join(',\n')
  const format = HEAD.format.map((line) => `    ${JSON.stringify(line)}`).join(',\n')
  return `{
  "about": ${JSON.stringify(HEAD.about)},
  "format": [
${format}
  ],
  "conditions": [
${lines(conditions)}
  ],
  "evaluations": [
${lines(evaluations)}
  ]
}
`
}

function escaped(json: string): string {
  return json.replace(/[\u0080-\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
