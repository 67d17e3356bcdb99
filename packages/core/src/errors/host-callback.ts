import { inspect } from 'node:util'

/**
 * Calls a function of the host's. What it throws, or what its promise rejects with, becomes a process warning that begins with `what`; the
 * caller is not disturbed.
 */
export function callHost(what: string, call: () => unknown): void {
  try {
    Promise.resolve(call()).catch((thrown) => warnOfHostError(what, thrown))
  } catch (thrown) {
    warnOfHostError(what, thrown)
  }
}

/** A process warning that the host's function `what` threw. Never throws. */
export function warnOfHostError(what: string, thrown: unknown): void {
  process.emitWarning(`${what} threw: ${textOf(thrown)}`)
}

function textOf(thrown: unknown): string {
  try {
    return inspect(thrown)
  } catch {
    return 'something that cannot be shown'
  }
}
