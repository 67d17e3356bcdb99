/** What Unleash can express and Flagstone cannot. */
export type Lack =
  | 'flag names are ASCII'
  | 'a flag cannot require that another one is off'
  | 'a prerequisite names one variant, or none'
  | 'a rollout is by a key, never by chance'
  | 'gate and variant are drawn by one key and one salt'
  | 'the first rule that matches decides, also by a rollout that leaves the user out'
  | 'all rules of a flag share its variants'
  | 'a host adds no strategies of its own'

/** Thrown where no Flagstone record means the same. */
export class Untranslatable extends Error {
  readonly lack: Lack

  constructor(lack: Lack) {
    super(lack)
    this.lack = lack
  }
}
