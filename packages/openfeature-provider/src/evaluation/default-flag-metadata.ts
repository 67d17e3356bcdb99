import type { Evaluation } from '@flagstone/core'
import type { FlagMetadata } from '@openfeature/server-sdk'

/** What an evaluation says beside its value, flat. `rule` is the rule's name, or its position from 0 where it has none. */
export function usualMetadata({ version, source, asOf, rollout, bucket, rule, unmet }: Evaluation): FlagMetadata {
  // One by one, as it is made for every answer.
  const metadata: FlagMetadata = { source }
  if (version !== undefined) metadata['version'] = version
  if (asOf !== undefined) metadata['asOf'] = asOf
  if (rollout !== undefined) metadata['rollout'] = rollout
  if (bucket !== undefined) metadata['bucket'] = bucket
  if (rule !== undefined) metadata['rule'] = rule.name ?? rule.index
  if (unmet !== undefined) metadata['unmet'] = unmet
  return metadata
}
