/** Why something is not available here, as part of one line. */
export interface Absent {
  readonly absent: string
}

export function isAbsent(result: object): result is Absent {
  return 'absent' in result
}
