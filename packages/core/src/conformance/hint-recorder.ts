import type { ChannelListener, Hint } from '../contracts/index.ts'

/** A listener that records hints and counts resyncs. */
export interface HintRecorder extends ChannelListener {
  readonly hints: readonly Hint[]
  readonly resyncs: number
  /** Whether a hint for this flag came, of this version where one is given. */
  heard(name: string, version?: number): boolean
}

export function hintRecorder(): HintRecorder {
  const hints: Hint[] = []
  let resyncs = 0
  return {
    hints,
    get resyncs() {
      return resyncs
    },
    heard: (name, version) => hints.some((hint) => hint.name === name && (version === undefined || hint.version === version)),
    onHint: (hint) => void hints.push(hint),
    onResync: () => {
      resyncs += 1
    },
    onDown: () => {},
  }
}
