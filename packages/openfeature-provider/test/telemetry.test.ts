import { createTestFlags } from '@flagstone/core/testing'
import { SpanHook } from '@openfeature/open-telemetry-hooks'
import { TelemetryAttribute } from '@openfeature/server-sdk'
import { trace } from '@opentelemetry/api'
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { resetSdkBetweenTests, sdkClient } from './sdk-client.ts'

resetSdkBetweenTests()

const exporter = new InMemorySpanExporter()
beforeAll(() => trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })))
afterEach(() => exporter.reset())
afterAll(() => trace.disable())

const flags = createTestFlags({ new_feature: { rollout: 100 }, colour: 'blue' })

test('the span of an evaluation has the attributes of appendix D of OpenFeature', async () => {
  const client = await sdkClient(flags, { flagMetadata: (_, defaults) => ({ ...defaults, flagSetId: 'production' }) })
  await client.addHooks(new SpanHook()).getBooleanValue('new_feature', false, { targetingKey: 'ada' })
  const [span] = exporter.getFinishedSpans()
  expect([span?.name, span?.attributes]).toEqual([
    'feature_flag.evaluation',
    {
      [TelemetryAttribute.KEY]: 'new_feature',
      [TelemetryAttribute.PROVIDER]: 'flagstone',
      [TelemetryAttribute.REASON]: 'static',
      [TelemetryAttribute.VARIANT]: 'on',
      [TelemetryAttribute.VALUE]: true,
      [TelemetryAttribute.CONTEXT_ID]: 'ada',
      [TelemetryAttribute.FLAG_SET_ID]: 'production',
      [TelemetryAttribute.VERSION]: 1,
    },
  ])
})

test('the span of a failed evaluation has the error and the version', async () => {
  const client = await sdkClient(flags)
  await client.addHooks(new SpanHook({ excludeExceptions: true })).getNumberValue('colour', 7)
  expect(exporter.getFinishedSpans()[0]?.attributes).toMatchObject({
    [TelemetryAttribute.REASON]: 'error',
    [TelemetryAttribute.ERROR_CODE]: 'type_mismatch',
    [TelemetryAttribute.ERROR_MESSAGE]: 'Flag colour gives variant value, a string; its default is a number.',
    [TelemetryAttribute.VERSION]: 2,
  })
})
