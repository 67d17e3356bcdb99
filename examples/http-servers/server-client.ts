import { KEY } from './flags.ts'

/** Sends requests to a server: over loopback, or for Next by calling the functions that its route file exports. */
export interface ServerClient {
  readonly name: string
  send(path: string, init?: RequestInit): Promise<Response>
}

export async function isEnabled({ name, send }: ServerClient): Promise<string> {
  const response = await send('/api/flags/new_checkout?user_id=user-1')
  const { enabled, version } = (await response.json()) as { enabled: boolean; version: number }
  return `${name} ${enabled} (version ${version})`
}

export async function update({ name, send }: ServerClient, patch: object): Promise<void> {
  const headers = { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' }
  const response = await send('/api/flags/new_checkout/update?reason=ready', { method: 'POST', headers, body: JSON.stringify(patch) })
  const { flag, version } = (await response.json()) as { flag: { rollout: number }; version: number }
  console.log(`${response.status}: through ${name}, the rollout is ${flag.rollout} now, at version ${version}`)
}

/** Opens a server's event stream. Resolves when it is open, with a function that waits for the first change. */
export async function firstChange({ send }: ServerClient): Promise<() => Promise<string>> {
  const reader = (await send('/api/events')).body?.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  const until = async (what: RegExp): Promise<string> => {
    for (;;) {
      const found = what.exec(text)
      if (found) return found[1] ?? ''
      const { value, done } = (await reader?.read()) ?? { done: true }
      if (done) throw new Error('The stream ended.')
      text += value
    }
  }
  await until(/(connected)/)
  return async () => {
    const change = await until(/^data: (.*"flag".*)$/m)
    await reader?.cancel()
    return change
  }
}
