import type { Evaluation } from '@flagstone/core'
import type { FlagMetadata } from '@openfeature/server-sdk'

/** The flag metadata of an evaluation, as a flat object. `rule` is the rule's name, or its index from 0 if it has no name. */
export function defaultFlagMetadata({ version, source, asOf, rollout, bucket, rule, unmet }: Evaluation): FlagMetadata {
  // Field by field, because this runs for every evaluation.
  const metadata: FlagMetadata = { source }
  if (version !== undefined) metadata['version'] = version
  if (asOf !== undefined) metadata['asOf'] = asOf
  if (rollout !== undefined) metadata['rollout'] = rollout
  if (bucket !== undefined) metadata['bucket'] = bucket
  if (rule !== undefined) metadata['rule'] = rule.name ?? rule.index
  if (unmet !== undefined) metadata['unmet'] = unmet
  return metadata
}
