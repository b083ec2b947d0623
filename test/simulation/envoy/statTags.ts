/** The name of a stat without its tags, and those as labels of Prometheus. */
export interface Tagged {
  /** With dots, as Envoy sorts by it. */
  readonly name: string
  readonly family: string
  readonly labels: string
}

/** Parts of a name that are a tag, with what is left of them; in Envoy's order of labels. */
const tags: ReadonlyArray<readonly [label: string, pattern: RegExp, rest: string]> = [
  ["envoy_response_code", /(_rq)_(\d{3})$/, ""],
  ["envoy_response_code_class", /(_rq)_(\d)xx$/, "_xx"],
  ["envoy_worker_id", /(worker)_(\d+)(?=\.)/, ""],
  ["envoy_rds_route_config", /(\.rds)\.(.+)(?=\.[a-z_]+$)/, ""],
  ["envoy_http_conn_manager_prefix", /((?:^|\.)http)\.([^.]+)(?=\.)/, ""],
  ["envoy_cluster_name", /^(cluster)\.([^.]+)(?=\.)/, ""],
  ["envoy_tcp_prefix", /^(tcp)\.([^.]+)(?=\.)/, ""],
  ["envoy_google_grpc_client_prefix", /^(grpc)\.([^.]+)(?=\.)/, ""],
  [
    "envoy_listener_address",
    /^(listener)\.((?:[_.[\]0-9a-fA-F]|\/)+?)(?=\.(?:worker|http|downstream|connections|no_|ext|net))/,
    ""
  ]
]

const known = new Map<string, Tagged>()

const find = (full: string): Tagged => {
  let name = full
  const labels: Array<string> = []
  for (const [label, pattern, rest] of tags) {
    name = name.replace(pattern, (_, kept: string, value: string) => {
      labels.push(`${label}="${value}"`)
      return kept + rest
    })
  }
  return { name, family: `envoy_${name.replace(/[^a-zA-Z0-9_]/g, "_")}`, labels: labels.join() }
}

/** The same for all Envoys: names are few, and the look is slow. */
export const taggedName = (full: string): Tagged => {
  const found = known.get(full) ?? find(full)
  known.set(full, found)
  return found
}
