import { createFlags, memoryStore } from '@flagstone/core'
import { flagsHandler, type Handler, type HandlerOptions } from '@flagstone/http-handler'

/** What every server here shares: one client, and one rule about who may do what. */
export const flags = createFlags({ store: memoryStore({ flags: [{ name: 'new_checkout', rollout: 0 }] }) })

/** The key of those who may change flags; a real one comes from the environment. */
export const KEY = 'a key for this example'

const handlers: Handler[] = []

export function handlerFor(options: Pick<HandlerOptions, 'basePath'> = {}): Handler {
  const handler = flagsHandler({
    ...options,
    flags,
    authorize: ({ headers }, { kind }) => kind === 'evaluate' || (headers.get('authorization') === `Bearer ${KEY}` && { actor: 'ada' }),
  })
  handlers.push(handler)
  return handler
}

/** Ends the streams of every handler, and the client. */
export async function closeFlags(): Promise<void> {
  for (const handler of handlers) handler.close()
  await flags.close()
}
