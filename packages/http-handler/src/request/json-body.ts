import type { Clock } from '@flagstone/core'
import { Refusal } from '../response/http-error.ts'
import { aborted } from './aborted-request.ts'

export interface BodyLimits {
  readonly maxBodyBytes: number
  readonly bodyTimeoutMs: number
  readonly clock: Clock
}

const READ_BEFORE = 'was read before it got here, as express.json() does: mount the handler before that'
/** Deeper than anything that a flag or a context holds. */
const MAX_LEVELS = 100

/**
 * The body as a JSON object. It is read no further than `maxBodyBytes` and no longer than `bodyTimeoutMs`.
 *
 * Throws `UNSUPPORTED_MEDIA_TYPE`, `BODY_TOO_LARGE`, `BODY_TIMEOUT`, `REQUEST_ABORTED` or `INVALID_BODY`.
 */
export async function readObject(request: Request, limits: BodyLimits): Promise<object> {
  assertJson(request.headers)
  const text = decoded(await bytesOf(request, limits))
  if (text === '') throw invalid(isSentWithBody(request.headers) ? READ_BEFORE : 'is empty; it must be a JSON object')
  const value = parsed(text)
  if (value === null || typeof value !== 'object' || Array.isArray(value)) throw invalid('must be a JSON object')
  assertHarmless(value)
  return value
}

function assertJson(headers: Headers): void {
  const [type = '', ...parameters] = (headers.get('content-type') ?? '').toLowerCase().split(';')
  const isUtf8 = parameters.every((parameter) => /^\s*(charset="?utf-8"?)?\s*$/.test(parameter))
  const encoding = headers.get('content-encoding')?.trim().toLowerCase() ?? 'identity'
  if (type.trim() === 'application/json' && isUtf8 && encoding === 'identity') return
  throw new Refusal('UNSUPPORTED_MEDIA_TYPE', 'The body must be application/json in UTF-8, not compressed.', { Accept: 'application/json' })
}

async function bytesOf(request: Request, { maxBodyBytes, bodyTimeoutMs, clock }: BodyLimits): Promise<Uint8Array> {
  // What a client says of the length only ever refuses sooner.
  if (Number(request.headers.get('content-length')) > maxBodyBytes) throw tooLarge(maxBodyBytes)
  const reader = request.body?.getReader()
  if (reader === undefined) return new Uint8Array()
  let ended: Refusal | undefined
  const end = (why: Refusal): void => {
    ended ??= why
    // Nobody waits: a source that hangs may never confirm.
    reader.cancel(why).catch(() => undefined)
  }
  const onAbort = (): void => end(aborted())
  const stop = clock.after(bodyTimeoutMs, () => end(new Refusal('BODY_TIMEOUT', `The body did not arrive within ${bodyTimeoutMs} ms.`)))
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
    throw error instanceof Refusal ? error : (ended ?? aborted())
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

/** Refuses what is JSON but could hurt whoever handles it later. A loop, not a recursion: it is about what is nested too deeply. */
function assertHarmless(root: object): void {
  let level: object[] = [root]
  for (let depth = 1; level.length > 0; depth++) {
    if (depth > MAX_LEVELS) throw invalid(`has more than ${MAX_LEVELS} levels`)
    if (level.some((value) => Object.hasOwn(value, '__proto__'))) throw invalid('has a member called __proto__')
    level = level.flatMap((value) => Object.values(value).filter((part) => part !== null && typeof part === 'object'))
  }
}

function tooLarge(maxBodyBytes: number): Refusal {
  return new Refusal('BODY_TOO_LARGE', `The body must have at most ${maxBodyBytes.toLocaleString('en')} bytes.`)
}

function invalid(what: string): Refusal {
  return new Refusal('INVALID_BODY', `The body ${what}.`)
}
