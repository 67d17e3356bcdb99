import type { Clock } from '@flagstone/core'
import { HttpError } from '../response/http-error.ts'
import { requestAborted } from './aborted-request.ts'

export interface BodyLimits {
  readonly maxBodyBytes: number
  readonly bodyTimeoutMs: number
  readonly clock: Clock
}

const READ_BEFORE = 'was already read, for example by express.json(): mount the handler before that'
/** More than any flag or context needs. */
const MAX_LEVELS = 100

/**
 * Reads the body as a JSON object; at most `maxBodyBytes`, and for at most `bodyTimeoutMs`.
 *
 * Throws `UNSUPPORTED_MEDIA_TYPE`, `BODY_TOO_LARGE`, `BODY_TIMEOUT`, `REQUEST_ABORTED` or `INVALID_BODY`.
 */
export async function readJsonBody(request: Request, limits: BodyLimits): Promise<object> {
  assertJson(request.headers)
  const text = decoded(await readBytes(request, limits))
  if (text === '') throw invalid(isSentWithBody(request.headers) ? READ_BEFORE : 'is empty; it must be a JSON object')
  const value = parsed(text)
  if (value === null || typeof value !== 'object' || Array.isArray(value)) throw invalid('must be a JSON object')
  assertSafe(value)
  return value
}

function assertJson(headers: Headers): void {
  const [type = '', ...parameters] = (headers.get('content-type') ?? '').toLowerCase().split(';')
  const isUtf8 = parameters.every((parameter) => /^\s*(charset="?utf-8"?)?\s*$/.test(parameter))
  const encoding = headers.get('content-encoding')?.trim().toLowerCase() ?? 'identity'
  if (type.trim() === 'application/json' && isUtf8 && encoding === 'identity') return
  throw new HttpError('UNSUPPORTED_MEDIA_TYPE', 'The body must be application/json in UTF-8, not compressed.', {
    Accept: 'application/json',
  })
}

async function readBytes(request: Request, { maxBodyBytes, bodyTimeoutMs, clock }: BodyLimits): Promise<Uint8Array> {
  // The declared length may only refuse a request sooner; the bytes are counted anyway.
  if (Number(request.headers.get('content-length')) > maxBodyBytes) throw tooLarge(maxBodyBytes)
  const reader = request.body?.getReader()
  if (reader === undefined) return new Uint8Array()
  let ended: HttpError | undefined
  const end = (why: HttpError): void => {
    ended ??= why
    // Not awaited: a source that hangs may never settle this.
    reader.cancel(why).catch(() => undefined)
  }
  const onAbort = (): void => end(requestAborted())
  const stop = clock.after(bodyTimeoutMs, () => end(new HttpError('BODY_TIMEOUT', `The body did not arrive within ${bodyTimeoutMs} ms.`)))
  request.signal.addEventListener('abort', onAbort)
  try {
    const chunks: Uint8Array[] = []
    for (let size = 0; ; ) {
      const { done, value } = await reader.read()
      if (ended !== undefined) throw ended
      if (done) return Buffer.concat(chunks)
      size += value.byteLength
      if (size > maxBodyBytes) end(tooLarge(maxBodyBytes))
      if (ended !== undefined) throw ended
      chunks.push(value)
    }
  } catch (error) {
    throw error instanceof HttpError ? error : (ended ?? requestAborted())
  } finally {
    stop()
    request.signal.removeEventListener('abort', onAbort)
  }
}

function isSentWithBody(headers: Headers): boolean {
  return Number(headers.get('content-length')) > 0 || headers.has('transfer-encoding')
}

function decoded(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw invalid('is not UTF-8')
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw invalid('is not JSON')
  }
}

/** Refuses JSON that could harm later code: too deep, or with `__proto__`. A loop, as deep nesting would overflow a recursion. */
function assertSafe(root: object): void {
  let level: object[] = [root]
  for (let depth = 1; level.length > 0; depth++) {
    if (depth > MAX_LEVELS) throw invalid(`has more than ${MAX_LEVELS} levels`)
    if (level.some((value) => Object.hasOwn(value, '__proto__'))) throw invalid('has a member called __proto__')
    level = level.flatMap((value) => Object.values(value).filter((part) => part !== null && typeof part === 'object'))
  }
}

function tooLarge(maxBodyBytes: number): HttpError {
  return new HttpError('BODY_TOO_LARGE', `The body must have at most ${maxBodyBytes.toLocaleString('en')} bytes.`)
}

function invalid(what: string): HttpError {
  return new HttpError('INVALID_BODY', `The body ${what}.`)
}
