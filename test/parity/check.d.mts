/** Starts a case's servers; answers what `${ECS_METADATA}` and `${IMDS}` stand for, and how to stop them. */
export function startServers(testCase: {
  readonly servers?: Readonly<Record<string, unknown>>
}): Promise<{ readonly vars: Readonly<Record<string, string>>; readonly close: () => Promise<unknown> }>

/** Puts values in the place of `${DIR}`, `${ECS_METADATA}` and `${IMDS}`. */
export function expand(text: string, vars: Readonly<Record<string, string>>): string
