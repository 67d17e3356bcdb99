/** A table whose changes are versioned, logged and told, all in one sequence, log and channel. */
export interface LoggedTable {
  readonly name: 'feature_flags' | 'feature_flag_segments'
  /** What the functions begin with that only its triggers call. */
  readonly prefix: string
  /** What a row goes by in the log and in hints: SQL, made of SQL for the row's name. */
  readonly key: (name: string) => string
}

export const FLAGS: LoggedTable = { name: 'feature_flags', prefix: 'feature_flag', key: (name) => name }

/** No flag's name has a colon, so that no segment goes by a flag's name. */
export const SEGMENTS: LoggedTable = {
  name: 'feature_flag_segments',
  prefix: 'feature_flag_segment',
  key: (name) => `'segment:' || ${name}`,
}
