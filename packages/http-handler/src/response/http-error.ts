import type { HttpCode } from './problem.ts'

/** Thrown by whatever looks at a request, and answered as a problem. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly code: HttpCode
  readonly headers: Readonly<Record<string, string>>

  constructor(code: HttpCode, detail: string, headers: Readonly<Record<string, string>> = {}) {
    super(detail)
    this.code = code
    this.headers = headers
  }
}
