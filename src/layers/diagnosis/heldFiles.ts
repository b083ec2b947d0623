import { X509Certificate } from "node:crypto"
import { Clock, Effect, Option, Ref, Result, Stream } from "effect"
import type { ManagementServerAddress, TlsFiles } from "../../services/Bootstrap.ts"
import { EnvoyProcess } from "../../services/EnvoyProcess.ts"
import { formatAddress, untrustedCodes } from "./connectionCause.ts"
import { readOptionalFile } from "./readFile.ts"
import { connectTls } from "./tls.ts"

/** A server to which Envoy connects over TLS by itself. */
export type DirectServer = Extract<ManagementServerAddress, { readonly _tag: "Tcp" }>

/** The files as Envoy has read them at its start. gRPC keeps them to its end, and /certs does not list them. */
interface HeldFiles extends PemTexts {
  readonly epoch: number
}

/** Each is undefined where there is none, or it could not be read. */
export interface PemTexts {
  readonly certificate: string | undefined
  readonly caBundle: string | undefined
}

/** Undefined where there is no such file, or it cannot be read: the attempt to connect says so. */
const readText = Effect.fnUntraced(function* (path: string | undefined) {
  const bytes = yield* Effect.option(readOptionalFile(path))
  return Option.getOrUndefined(bytes)?.toString("latin1")
})

const readFiles = ({ caBundle, certificate }: TlsFiles): Effect.Effect<PemTexts> =>
  Effect.all({ certificate: readText(certificate), caBundle: readText(caBundle) })

/** RFC 3339, in whole seconds. */
const timestamp = (time: number) => new Date(time).toISOString().replace(/\.\d+Z$/, "Z")

/** When the first certificate of a PEM text ends to be valid, in epoch milliseconds; undefined where it holds none. */
const expiryOf = (pem: string): number | undefined =>
  Result.getOrUndefined(Result.try(() => Date.parse(new X509Certificate(pem).validTo)))

/** `, which expired at ...`; empty where it has not. */
const expired = (pem: string, now: number) => {
  const expiry = expiryOf(pem)
  return expiry !== undefined && expiry <= now ? `, which expired at ${timestamp(expiry)}` : ""
}

/** The end of the sentence about an expired client certificate in a file; undefined where it has not expired. */
export const describeExpired = Effect.fnUntraced(function* ({ certificate }: TlsFiles) {
  const pem = yield* readText(certificate)
  const ending = pem === undefined ? "" : expired(pem, yield* Clock.currentTimeMillis)
  if (ending === "") return undefined
  return `it rejects the client certificate ${certificate}${ending}: renew it, and restart Envoy, which reads it at its start`
})

const describeHeld = (what: string, path: string | undefined) =>
  `this agent can connect with the files as they are now, but Envoy holds the ${what}, and ${path} has changed since: restart Envoy`

/**
 * Remembers what each Envoy has read at its start, and says why that is the reason for which Envoy cannot connect, where the agent
 * can with the same files.
 */
export const followHeldFiles = Effect.fnUntraced(function* (
  server: DirectServer,
  tls: TlsFiles,
  read: Effect.Effect<PemTexts> = readFiles(tls)
) {
  const envoy = yield* EnvoyProcess
  const held = yield* Ref.make<HeldFiles | undefined>(undefined)
  yield* envoy.changes.pipe(
    Stream.runForEach((state) =>
      state._tag === "Running"
        ? Effect.flatMap(read, (files) => Ref.set(held, { epoch: state.epoch, ...files }))
        : Effect.void
    ),
    Effect.forkScoped
  )

  /** Whether the server's certificate was issued by a root that is not among these. */
  const isUntrusted = (roots: string) =>
    connectTls(server.host, server.port, tls, roots).pipe(
      Effect.scoped,
      Effect.match({ onFailure: ({ code }) => untrustedCodes.has(code), onSuccess: () => false })
    )

  return Effect.gen(function* () {
    const { epoch } = yield* envoy.state
    const then = yield* Ref.get(held)
    if (then?.epoch !== epoch) return Option.none()
    const now = yield* read
    const describe = (text: string) => Option.some(`management server ${formatAddress(server)}: ${text}`)
    if (then.certificate !== undefined && then.certificate !== now.certificate) {
      const ending = expired(then.certificate, yield* Clock.currentTimeMillis)
      const what = `client certificate that it read at its start${ending}`
      if (ending !== "") return describe(describeHeld(what, tls.certificate))
    }
    if (then.caBundle !== undefined && then.caBundle !== now.caBundle && (yield* isUntrusted(then.caBundle))) {
      return describe(
        describeHeld("trusted roots that it read at its start, which do not trust the server", tls.caBundle)
      )
    }
    return Option.none()
  })
})
