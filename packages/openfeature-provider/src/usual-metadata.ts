import type { Evaluation } from '@flagstone/core'
import type { FlagMetadata } from '@openfeature/server-sdk'

/** What an evaluation says beside its value, flat. `rule` is the rule's name, or its position from 0 where it has none. */
export function usualMetadata({ version, source, asOf, rollout, bucket, rule, unmet }: Evaluation): FlagMetadata {
  const found = { version, source, asOf, rollout, bucket, rule: rule?.name ?? rule?.index, unmet }
  const metadata: FlagMetadata = {}
  for (const [name, value] of Object.entries(found)) if (value !== undefined) metadata[name] = value
  return metadata
}
