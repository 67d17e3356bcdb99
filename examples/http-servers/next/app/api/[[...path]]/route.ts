import { handlerFor } from '../../../../flags.ts'

/** Next reads these exports from `app/api/[[...path]]/route.ts`. */
export const dynamic = 'force-dynamic'

const handler = handlerFor({ basePath: '/api' })

export { handler as DELETE, handler as GET, handler as OPTIONS, handler as PATCH, handler as POST, handler as PUT }
