import { writeFileSync } from "node:fs"

export interface StaticBootstrap {
  readonly adminPort: string | undefined
  readonly listenerPort: number
  /** Where requests are routed. Without it Envoy answers them itself. */
  readonly upstreamPort?: number
}

/** Writes a complete custom bootstrap, with one HTTP listener on loopback and no control plane. Answers its path. */
export const writeStaticBootstrap = (
  folder: string,
  { adminPort, listenerPort, upstreamPort }: StaticBootstrap
): string => {
  const path = `${folder}/own-envoy.yaml`
  const route =
    upstreamPort === undefined
      ? `direct_response: { status: 200, body: { inline_string: "served" } }`
      : `route: { cluster: upstream, timeout: 0s }`
  writeFileSync(
    path,
    `admin:
  address: { socket_address: { address: 0.0.0.0, port_value: ${adminPort} } }
static_resources:
  listeners:
  - name: ingress
    address: { socket_address: { address: 127.0.0.1, port_value: ${listenerPort} } }
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: ingress
          route_config:
            virtual_hosts:
            - name: all
              domains: ["*"]
              routes:
              - match: { prefix: / }
                ${route}
          http_filters:
          - name: envoy.filters.http.router
            typed_config: { "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router }
  clusters:
  - name: upstream
    type: STATIC
    load_assignment:
      cluster_name: upstream
      endpoints:
      - lb_endpoints:
        - endpoint: { address: { socket_address: { address: 127.0.0.1, port_value: ${upstreamPort ?? 9} } } }
`
  )
  return path
}
