import { closeSync, openSync, writeSync } from 'node:fs'
import type { LoggedAnswer, LogLine } from './worker-messages.ts'

const FLUSH_MS = 50

/**
 * Writes a worker's answers to a file that survives a SIGKILL. Of equal answers in a row it keeps the first and the last, which are the
 * ones that can violate a law.
 */
export class AnswerLog {
  readonly #file: number
  readonly #last = new Map<string, LoggedAnswer>()
  readonly #held = new Map<string, LoggedAnswer>()
  readonly #timer: NodeJS.Timeout
  #text = ''

  constructor(path: string) {
    this.#file = openSync(path, 'a')
    this.#timer = setInterval(() => this.#flush(), FLUSH_MS)
  }

  add(line: LogLine): void {
    if (line.kind === 'none') {
      this.#write(line)
      return
    }
    const last = this.#last.get(line.flag)
    if (last !== undefined && same(last, line)) {
      this.#held.set(line.flag, line)
      return
    }
    this.#release(line.flag)
    this.#last.set(line.flag, line)
    this.#write(line)
  }

  close(): void {
    clearInterval(this.#timer)
    this.#flush()
    closeSync(this.#file)
  }

  #release(flag: string): void {
    const held = this.#held.get(flag)
    if (held === undefined) return
    this.#held.delete(flag)
    this.#write(held)
  }

  #write(line: LogLine): void {
    this.#text += `${JSON.stringify(line)}\n`
  }

  #flush(): void {
    for (const flag of [...this.#held.keys()]) this.#release(flag)
    if (this.#text !== '') writeSync(this.#file, this.#text)
    this.#text = ''
  }
}

function same(a: LoggedAnswer, b: LoggedAnswer): boolean {
  return (
    a.version === b.version &&
    a.asOf === b.asOf &&
    a.stale === b.stale &&
    a.rollout === b.rollout &&
    a.source === b.source &&
    a.minVersion === undefined &&
    b.minVersion === undefined
  )
}
