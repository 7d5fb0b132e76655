/** Said instead of an answer when Redis gave none, or refused. */
export class Unavailable {
  constructor(readonly reason: string) {}
}
