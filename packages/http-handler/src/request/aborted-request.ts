import { HttpError } from '../response/http-error.ts'

/** Throws `REQUEST_ABORTED` if the client has gone, so that no work is started for it. */
export function assertNotAborted(request: Request): void {
  if (request.signal.aborted) throw requestAborted()
}

export function requestAborted(): HttpError {
  return new HttpError('REQUEST_ABORTED', 'The request ended before it was complete.')
}
