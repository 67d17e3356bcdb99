import type { Violation } from '../oracle.ts'
import { describeAnswer } from './check-run.ts'
import type { TortureReport } from './torture-run.ts'

const SHOWN = 2

export function passed({ violations, crashes }: TortureReport): boolean {
  return violations.length === 0 && crashes.length === 0
}

/** Each guarantee with the worst answer that was seen. If something is wrong, also the seed and what led to it. */
export function describeReport(report: TortureReport): string {
  const { seed, answers, changes, faults, healedMs, convergedMs } = report
  return [
    `torture, seed ${seed}: ${answers} answers kept, ${changes} changes, ${faults} faults, ${report.violations.length} violations`,
    table(report),
    `answers by layer: ${listed(report.sources)}; defaults because no layer answered: ${listed(report.noAnswers) || 'none'}`,
    `after the faults, channels and clock recovered within ${ms(healedMs)}; final updates answered by all within ${ms(convergedMs)}`,
    ...failures(report),
  ].join('\n')
}

function table({ findings }: TortureReport): string {
  const head = ['', 'what', 'promise', 'asserted', 'worst seen', 'worst marked or not', 'answers']
  const rows = findings.map(({ guarantee, what, promise, boundMs, worstUnmarkedMs, worstMs, answers }) => {
    return [guarantee, what, promise, `≤ ${ms(boundMs)}`, ms(worstUnmarkedMs), ms(worstMs), String(answers)]
  })
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0)))
  return [head, ...rows]
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

function failures({ seed, violations, crashes, context }: TortureReport): string[] {
  if (violations.length === 0 && crashes.length === 0) return []
  const kinds = new Map<string, Violation[]>()
  for (const violation of violations) {
    const kind = `${violation.law} (${violation.answer.process})`
    kinds.set(kind, [...(kinds.get(kind) ?? []), violation])
  }
  const counts = new Map([...kinds].map(([kind, { length }]) => [kind, length]))
  const shown = [...kinds.values()].flatMap((some) => some.slice(0, SHOWN))
  return [
    `FAILED with seed ${seed}: ${listed(counts)}`,
    ...crashes,
    ...shown.flatMap((violation) => [
      `${violation.law}: ${describeAnswer(violation.answer)}, got ${violation.got}, needed ${violation.needed}`,
      ...context(violation),
    ]),
  ]
}

function listed(counts: ReadonlyMap<string, number>): string {
  return [...counts].map(([word, count]) => `${word} ${count}`).join(', ')
}

function ms(value: number): string {
  return `${value < 100 ? value.toFixed(1) : Math.round(value).toLocaleString('en')} ms`
}
