import { Refusal } from '../response/http-error.ts'

/** Throws `REQUEST_ABORTED` where the client has gone: nothing is begun for it any more. */
export function assertPresent(request: Request): void {
  if (request.signal.aborted) throw aborted()
}

export function aborted(): Refusal {
  return new Refusal('REQUEST_ABORTED', 'The request ended before it was complete.')
}
