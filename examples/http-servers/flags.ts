import { createFlags, memoryStore } from '@flagstone/core'
import { flagsHandler, type Handler, type HandlerOptions } from '@flagstone/http-handler'

/** One client and one authorization rule, shared by all servers of this example. */
export const flags = createFlags({ store: memoryStore({ flags: [{ name: 'new_checkout', rollout: 0 }] }) })

/** The key that allows changes; a real one comes from the environment. */
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

/** Ends the event streams of every handler, and closes the client. */
export async function closeFlags(): Promise<void> {
  for (const handler of handlers) handler.close()
  await flags.close()
}
