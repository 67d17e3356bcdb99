import { defineFlags, type Flags, FlagsError, type FlagsErrorCode } from '@flagstone/core'
import fastify, { type FastifyInstance } from 'fastify'

/** The flags that this app uses. Any other name is a compile error. */
export const schema = defineFlags({
  new_checkout: { default: false, description: 'The checkout on one page' },
})

const STATUS: Partial<Record<FlagsErrorCode, number>> = {
  INVALID_NAME: 400,
  INVALID_FLAG: 400,
  FLAG_NOT_FOUND: 404,
  VERSION_CONFLICT: 409,
  STORE_UNAVAILABLE: 503,
}

/** The app, without a port yet. It closes the flags when it closes. */
export function buildApp(flags: Flags<typeof schema>): FastifyInstance {
  const app = fastify()
  app.addHook('onClose', () => flags.close())
  app.setErrorHandler((error, _request, reply) => {
    if (!(error instanceof FlagsError)) throw error
    return reply.code(STATUS[error.code] ?? 500).send({ code: error.code, message: error.message })
  })

  app.get<{ Querystring: { user: string } }>('/checkout', async ({ query }) => {
    const onePage = await flags.isEnabled('new_checkout', query.user)
    return { pages: onePage ? 1 : 4 }
  })

  // For a front end that decides for itself: the whole evaluation, with its reason.
  app.get<{ Querystring: { user: string } }>('/flags/new_checkout', ({ query }) => flags.evaluate('new_checkout', query.user))

  // An admin route; a real one checks who is calling. Flagstone validates the body.
  app.post<{ Body: { rollout: number; actor: string; reason?: string } }>('/flags/new_checkout/update', ({ body }) => {
    const { rollout, ...meta } = body
    return flags.admin.update('new_checkout', { rollout }, meta)
  })
  return app
}
