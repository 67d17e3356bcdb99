/** A table whose changes get versions, log entries and notifications. All such tables share one sequence, log and channel. */
export interface LoggedTable {
  readonly name: 'feature_flags' | 'feature_flag_segments'
  /** The prefix of the functions that only this table's triggers call. */
  readonly prefix: string
  /** SQL for a row's key in the log and in hints, from SQL for the row's name. */
  readonly key: (name: string) => string
}

export const FLAGS: LoggedTable = { name: 'feature_flags', prefix: 'feature_flag', key: (name) => name }

/** Flag names contain no colon, so a segment's key never equals a flag's name. */
export const SEGMENTS: LoggedTable = {
  name: 'feature_flag_segments',
  prefix: 'feature_flag_segment',
  key: (name) => `'segment:' || ${name}`,
}
