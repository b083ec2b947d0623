import { Data } from "effect"

/** A request is answered with a status over 399 before its handler runs. `reason` is the answer's text. */
export class RequestRefused extends Data.TaggedError("RequestRefused")<{
  readonly status: 400 | 401 | 403 | 404 | 405 | 429 | 503
  readonly reason: string
  readonly headers?: Readonly<Record<string, string>>
}> {
  override get message() {
    return `${this.status}: ${this.reason}`
  }
}
