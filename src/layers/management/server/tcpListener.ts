import { Effect, Layer } from "effect"
import type * as HttpServer from "effect/http/HttpServer"
import type { ServeError } from "effect/http/HttpServerError"
import { formatHostPort, withoutBrackets } from "../../../services/hostPort.ts"
import type { ManagementBindFailed } from "../../../services/ManagementServer.ts"
import { bindFailed, errorCode, listenOn } from "./httpListener.ts"

/** Whether an IPv6 address cannot be bound because this machine has no IPv6. */
const isIpv6Missing = (error: ServeError) => ["EAFNOSUPPORT", "EADDRNOTAVAIL"].includes(errorCode(error.cause))

/**
 * An HTTP server on an IP address, with or without brackets. `::` falls back to 0.0.0.0, with a warning, on a machine without
 * IPv6. `settingNames` are the settings that chose the address; an error names them.
 */
export const listenOnTcp = (
  address: string,
  port: number,
  settingNames: string
): Layer.Layer<HttpServer.HttpServer, ManagementBindFailed> => {
  const host = withoutBrackets(address)
  const shown = formatHostPort({ host, port })
  const ipv4Fallback = Layer.unwrap(
    Effect.as(
      Effect.logWarning(`no IPv6 here: the management API is on 0.0.0.0:${port} instead of ${shown}`),
      listenOn({ host: "0.0.0.0", port })
    )
  )
  return listenOn({ host, port }).pipe(
    Layer.catch((error) =>
      host === "::" && isIpv6Missing(error) ? ipv4Fallback : Layer.effectContext(Effect.fail(error))
    ),
    Layer.catch((error) => Layer.effectContext(Effect.fail(bindFailed(shown, settingNames)(error))))
  )
}
