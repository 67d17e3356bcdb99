import type { Feature, UnleashSegment, UnleashState } from './unleash-state.ts'

/** One step of a state that is given in steps. */
export type DeltaEvent =
  | { readonly type: 'hydration'; readonly features: readonly Feature[]; readonly segments: readonly UnleashSegment[] }
  | { readonly type: 'feature-updated'; readonly feature: Feature }
  | { readonly type: 'feature-removed'; readonly featureName: string }
  | { readonly type: 'segment-updated'; readonly segment: UnleashSegment }

/** The state after all events. */
export function stateAfter(events: readonly DeltaEvent[]): UnleashState {
  const features = new Map<string, Feature>()
  const segments = new Map<number, UnleashSegment>()
  for (const event of events) {
    switch (event.type) {
      case 'hydration':
        for (const feature of event.features) features.set(feature.name, feature)
        for (const segment of event.segments) segments.set(segment.id, segment)
        break
      case 'feature-updated':
        features.set(event.feature.name, event.feature)
        break
      case 'feature-removed':
        features.delete(event.featureName)
        break
      case 'segment-updated':
        segments.set(event.segment.id, event.segment)
        break
      default:
        throw new Error(`An event of a new kind: ${JSON.stringify(event)}`)
    }
  }
  return { features: [...features.values()], segments: [...segments.values()] }
}
