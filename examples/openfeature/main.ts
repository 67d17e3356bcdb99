/**
 * An app that uses only OpenFeature, with Flagstone as its provider, and each evaluation in an OpenTelemetry trace.
 *
 *     npx -y pnpm@12 example openfeature
 *
 * The trace is printed; a real app sends it to a collector. The flags are in memory, so nothing has to be started.
 */
import { createFlags, memoryStore } from '@flagstone/core'
import { flagstoneProvider } from '@flagstone/openfeature-provider'
import { SpanHook } from '@openfeature/open-telemetry-hooks'
import { AsyncLocalStorageTransactionContextPropagator, OpenFeature, ProviderEvents } from '@openfeature/server-sdk'
import { context, type Span, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { printTrace } from './print-trace.ts'

const exporter = new InMemorySpanExporter()
context.setGlobalContextManager(new AsyncLocalStorageContextManager())
trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }))

const blueAndGreen = ['blue', 'green'].map((value) => ({ name: value, value, weight: 1 }))
const flags = createFlags({
  store: memoryStore({
    flags: [
      { name: 'new_checkout', rollout: 0, rules: [{ name: 'pro', when: [{ attribute: 'plan', operator: 'equals', value: 'pro' }] }] },
      { name: 'button_colour', rollout: 100, variants: blueAndGreen },
    ],
  }),
})

OpenFeature.addHooks(new SpanHook())
OpenFeature.setTransactionContextPropagator(new AsyncLocalStorageTransactionContextPropagator())
OpenFeature.addHandler(ProviderEvents.ConfigurationChanged, (event) => console.log(`changed: ${event?.message}`))
await OpenFeature.setProviderAndWait(flagstoneProvider(flags, { onTrack: (name) => console.log(`tracked: ${name}`) }))
const client = OpenFeature.getClient()

async function checkout(span: Span): Promise<void> {
  const isNew = await client.getBooleanValue('new_checkout', false)
  const colour = await client.getStringValue('button_colour', 'grey')
  const columns = await client.getNumberValue('columns', 3) // this flag does not exist
  span.setAttribute('checkout', `${isNew ? 'new' : 'old'}, ${colour}, ${columns} columns`)
  client.track('checkout')
}

/** What a server does for each request: it sets the user once, for all evaluations of this request. */
function handle(targetingKey: string, plan: string): Promise<void> {
  return new Promise((resolve, reject) => {
    OpenFeature.setTransactionContext({ targetingKey, plan }, () => {
      trace.getTracer('shop').startActiveSpan(`GET /checkout for ${targetingKey}`, (span) => {
        checkout(span)
          .finally(() => span.end())
          .then(resolve, reject)
      })
    })
  })
}

await handle('ada', 'pro')
await handle('eve', 'free')
await flags.admin.update('new_checkout', { enabled: false }, { actor: 'ada', reason: 'it was too new' })
await handle('ada', 'pro')
printTrace(exporter.getFinishedSpans())

await OpenFeature.close()
await flags.close()
