type Variables = Readonly<Record<string, string>>

/** Starts a case's servers. `vars` has the values of `${ECS_METADATA}` and `${IMDS}`; `close` stops the servers. */
export function startServers(testCase: {
  readonly servers?: Readonly<Record<string, unknown>>
}): Promise<{ readonly vars: Variables; readonly close: () => Promise<unknown> }>

/** Replaces `${DIR}`, `${ECS_METADATA}` and `${IMDS}` by their values. */
export function expand(text: string, vars: Variables): string

/** Does so in every text within `value`. */
export function expandDeep<A>(value: A, vars: Variables): A

export interface Difference {
  /** Where the two values differ first, such as `$.node.id`. */
  readonly path: string
  readonly expected: unknown
  readonly actual: unknown
}

/** The first difference between two values; `undefined` if they are equal. */
export function firstDifference(expected: unknown, actual: unknown, at?: string): Difference | undefined

/** The first difference between two bootstraps. Forms that are equal in proto3 JSON count as equal. */
export function compareBootstraps(expected: unknown, actual: unknown): Difference | undefined

/** Whether a text contains one of the alternatives of `wanted`, such as `A|B`. */
export function mentions(text: string, wanted: string): boolean
