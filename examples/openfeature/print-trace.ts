import type { ReadableSpan } from '@opentelemetry/sdk-trace-base'

/** Prints each span below its parent, with its attributes. */
export function printTrace(spans: readonly ReadableSpan[], parent?: ReadableSpan, indent = ''): void {
  const below = spans.filter(({ parentSpanContext }) => parentSpanContext?.spanId === parent?.spanContext().spanId)
  for (const span of below) {
    console.log(`${indent}${span.name}`)
    for (const [name, value] of Object.entries(span.attributes)) console.log(`${indent}  ${name} = ${String(value)}`)
    printTrace(spans, span, `${indent}    `)
  }
}
