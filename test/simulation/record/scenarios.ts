import type { ListenerResource, Resources } from "../envoy/resources.ts"
import type { ConnectionKind } from "../envoy/traffic.ts"
import { adminPort, type Scenario, type Step } from "./scenario.ts"

const xds =
  "control_plane\\.connected_state|(listener_manager|cluster_manager)\\.|\\.update_(success|rejected|failure|attempt)$"
const traffic =
  "^(http\\.in|listener\\.127|tcp)\\..*(cx|rq)_(active|total|destroy|2xx|completed|rx_reset|drain_close|upgrades_active)$"
const concurrency = (number: number, drainTime = 3, level = "info") => [
  "-l",
  level,
  "--concurrency",
  `${number}`,
  "--drain-time-s",
  `${drainTime}`,
  "--disable-hot-restart"
]

const ingress: ListenerResource = {
  name: "ingress",
  address: "127.0.0.1:10001",
  protocol: "http",
  statPrefix: "in",
  direction: "INBOUND"
}
const egress: ListenerResource = {
  name: "egress",
  address: "127.0.0.1:10002",
  protocol: "http",
  statPrefix: "out",
  direction: "OUTBOUND"
}
const plain: ListenerResource = { name: "plain", address: "127.0.0.1:10003", protocol: "tcp", statPrefix: "plain" }
const withRoutes: ListenerResource = { ...ingress, routes: "r1" }
const upstream: Resources = { clusters: [{ name: "upstream", type: "STATIC", endpoints: 1 }] }
const mesh: Resources = {
  listeners: [ingress],
  clusters: [{ name: "up", type: "EDS" }],
  endpoints: [{ cluster: "up", endpoints: 1 }]
}

const bindProblem = `cannot bind '127.0.0.1:${adminPort}': Address already in use`
const blocked: ListenerResource = {
  ...egress,
  name: "blocked",
  address: `127.0.0.1:${adminPort}`,
  problem: bindProblem
}
const unknownFilter: ListenerResource = {
  ...egress,
  name: "unknown",
  problem: "Didn't find a registered implementation for 'acme.unknown' with type URL: 'acme.v1.Unknown'",
  isUnprintable: true
}
const brokenCluster = {
  name: "broken",
  type: "EDS",
  problem: "cannot create an EDS cluster without an EDS config"
} as const

const base = { every: 15, tolerance: 150, stats: xds } as const

const dynamic = (
  name: string,
  lasts: number,
  steps: ReadonlyArray<Step>,
  more: Partial<NonNullable<Scenario["controlPlane"]>> & { readonly arguments?: ReadonlyArray<string> } = {}
): Scenario => {
  const { arguments: words = concurrency(2), ...controlPlane } = more
  return {
    ...base,
    name,
    arguments: words,
    controlPlane: { initially: "serving", resources: mesh, fetchTimeout: 0, ...controlPlane },
    steps,
    lasts
  }
}

const fixed = (name: string, lasts: number, steps: ReadonlyArray<Step>, more: Partial<Scenario> = {}): Scenario => ({
  ...base,
  name,
  arguments: concurrency(2),
  fixed: { ...upstream, listeners: [ingress] },
  stats: `${xds}|${traffic}`,
  steps,
  lasts,
  ...more
})

const serve = (at: number, resources: Resources): Step => ({ at, do: "serve", resources: { ...mesh, ...resources } })
const post = (at: number, target: string): Step => ({ at, do: "ask", method: "POST", target })
const get = (at: number, target: string): Step => ({ at, do: "ask", method: "GET", target })
const signal = (at: number, name: NodeJS.Signals): Step => ({ at, do: "signal", name })
const errors = "/config_dump?resource=dynamic_listeners&mask=name,error_state.details"

const starts: ReadonlyArray<Scenario> = [
  fixed("start-static", 500, []),
  fixed("start-static-one-worker", 500, [], { arguments: concurrency(1) }),
  fixed("start-static-four-workers", 500, [], { arguments: concurrency(4) }),
  fixed("start-without-listener", 500, [], { fixed: {} }),
  dynamic("start-ads", 700, []),
  dynamic("start-ads-empty", 700, [], { resources: {} }),
  dynamic("start-ads-routes", 700, [], {
    resources: { ...mesh, listeners: [withRoutes], routes: [{ name: "r1" }] }
  }),
  dynamic("start-ads-routes-missing", 2500, [], {
    resources: { ...mesh, listeners: [{ ...withRoutes, routesTimeout: 1000 }] }
  }),
  dynamic("start-ads-many-clusters", 800, [], {
    resources: {
      ...mesh,
      clusters: Array.from({ length: 8 }, (_, i) => ({ name: `c${i}`, type: "EDS" as const }))
    }
  }),
  dynamic("start-silent-then-served", 1500, [serve(800, {})], { initially: "silent" }),
  dynamic("start-silent", 2000, [], { initially: "silent" }),
  dynamic("start-silent-until-timeout", 3500, [], { initially: "silent", fetchTimeout: 1 }),
  dynamic("start-away", 4000, [], { initially: "away" }),
  dynamic("start-away-until-timeout", 3500, [], { initially: "away", fetchTimeout: 1 }),
  dynamic("start-away-then-back", 6000, [{ at: 1000, do: "control plane", becomes: "serving" }], { initially: "away" }),
  dynamic("start-away-after-timeout-then-back", 7000, [{ at: 2600, do: "control plane", becomes: "serving" }], {
    initially: "away",
    fetchTimeout: 1
  }),
  ...(["serving", "silent", "away"] as const).map((initially) => ({
    ...dynamic(`start-static-eds-${initially}`, 2500, [], { initially, fetchTimeout: 1 }),
    fixed: { clusters: [{ name: "local", type: "EDS" as const, endpointsTimeout: 1000 }] }
  })),
  {
    ...dynamic("start-static-eds-silent-then-served", 2500, [serve(1200, {})], { initially: "silent" }),
    fixed: { clusters: [{ name: "local", type: "EDS", endpointsTimeout: 0 }] }
  },
  dynamic("start-black-hole", 3000, [], { initially: "black hole" }),
  dynamic("start-black-hole-until-timeout", 3500, [], { initially: "black hole", fetchTimeout: 1 })
]

const refused: ReadonlyArray<Scenario> = [
  fixed("admin-port-taken", 400, [{ at: 0, do: "occupy", address: `127.0.0.1:${adminPort}` }]),
  fixed("listener-port-taken", 400, [{ at: 0, do: "occupy", address: ingress.address }]),
  dynamic("admin-port-taken-ads", 400, [{ at: 0, do: "occupy", address: `127.0.0.1:${adminPort}` }])
]

const updates: ReadonlyArray<Scenario> = [
  dynamic("update-the-same", 1500, [serve(700, {})]),
  dynamic("update-listener-changed", 5000, [serve(700, { listeners: [{ ...ingress, revision: 1 }] })]),
  dynamic("update-listener-added", 1500, [serve(700, { listeners: [ingress, egress] })]),
  dynamic("update-listener-removed", 5000, [serve(700, { listeners: [] })]),
  dynamic("update-listener-moved", 5000, [serve(700, { listeners: [{ ...ingress, address: "127.0.0.1:10004" }] })]),
  dynamic("update-cluster-added", 1500, [
    serve(700, {
      clusters: [
        { name: "up", type: "EDS" },
        { name: "other", type: "EDS" }
      ]
    })
  ]),
  dynamic("update-cluster-changed", 1500, [serve(700, { clusters: [{ name: "up", type: "EDS", revision: 1 }] })]),
  dynamic("update-cluster-removed", 1500, [serve(700, { clusters: [] })]),
  dynamic("update-endpoints", 1500, [serve(700, { endpoints: [{ cluster: "up", endpoints: 3 }] })]),
  dynamic("update-listener-waits-for-routes", 3500, [
    serve(700, { listeners: [ingress, { ...egress, routes: "r2", routesTimeout: 1500 }] }),
    get(1200, errors)
  ]),
  dynamic("update-listener-gets-routes", 2000, [
    serve(700, { listeners: [ingress, { ...egress, routes: "r2" }] }),
    serve(1300, { listeners: [ingress, { ...egress, routes: "r2" }], routes: [{ name: "r2" }] })
  ]),
  dynamic("update-listener-and-routes-changed", 5000, [
    serve(700, { listeners: [{ ...withRoutes, revision: 1 }], routes: [{ name: "r1" }] }),
    serve(1400, { listeners: [{ ...withRoutes, revision: 2 }], routes: [{ name: "r1", revision: 1 }] })
  ]),
  dynamic("update-everything-removed", 5000, [serve(700, { listeners: [], clusters: [], endpoints: [] })])
]

const rejections: ReadonlyArray<Scenario> = [
  dynamic("rejected-listener-bind", 1800, [serve(700, { listeners: [ingress, blocked] }), get(1300, errors)]),
  dynamic("rejected-listener-unknown-type", 1800, [
    serve(700, { listeners: [ingress, unknownFilter] }),
    get(1300, errors),
    get(1400, "/config_dump?resource=dynamic_listeners"),
    get(1500, "/config_dump?resource=dynamic_listeners&mask=name,error_state")
  ]),
  dynamic("rejected-listener-then-corrected", 2600, [
    serve(700, { listeners: [ingress, blocked] }),
    get(1200, errors),
    serve(1500, { listeners: [ingress, egress] }),
    get(2100, errors)
  ]),
  dynamic("rejected-listener-at-start", 1200, [get(900, errors)], { resources: { ...mesh, listeners: [blocked] } }),
  dynamic("rejected-listener-at-start-then-corrected", 2000, [serve(1000, {})], {
    resources: { ...mesh, listeners: [blocked] }
  }),
  dynamic("rejected-cluster", 1500, [serve(700, { clusters: [{ name: "up", type: "EDS" }, brokenCluster] })]),
  dynamic("rejected-cluster-then-corrected", 2200, [
    serve(700, { clusters: [{ name: "up", type: "EDS" }, brokenCluster] }),
    serve(1400, {})
  ]),
  dynamic("rejected-cluster-at-start", 1200, [], { resources: { ...mesh, clusters: [brokenCluster] } }),
  dynamic("rejected-cluster-at-start-then-corrected", 2000, [serve(1000, {})], {
    resources: { ...mesh, clusters: [brokenCluster] }
  }),
  dynamic("rejected-both-at-start", 1200, [], {
    resources: { ...mesh, clusters: [brokenCluster], listeners: [blocked] }
  }),
  dynamic("rejected-routes", 1800, [
    serve(700, {
      listeners: [{ ...withRoutes, revision: 1 }],
      routes: [{ name: "r1", problem: "Only a single wildcard domain is permitted" }]
    })
  ]),
  dynamic("rejected-endpoints", 1500, [
    serve(700, { endpoints: [{ cluster: "up", endpoints: 1, problem: "priority" }] })
  ]),
  ...[{ rejected: "listener" }, { rejected: "cluster" }].flatMap(({ rejected }) => {
    const broken: Resources =
      rejected === "listener"
        ? { listeners: [ingress, blocked] }
        : { clusters: [{ name: "up", type: "EDS" as const }, brokenCluster] }
    const more = { repeatsRejected: true }
    const unsteady = [
      "listener_manager.lds.update_attempt",
      "listener_manager.lds.update_rejected",
      "listener_manager.listener_create_failure",
      "cluster_manager.cds.update_attempt",
      "cluster_manager.cds.update_rejected",
      "cluster_manager.cluster_added"
    ]
    return [
      dynamic(`repeated-${rejected}`, 2000, [serve(700, broken)], more),
      dynamic(`repeated-${rejected}-then-corrected`, 2600, [serve(700, broken), serve(1600, {})], more),
      dynamic(`repeated-${rejected}-at-start`, 1800, [], { ...more, resources: { ...mesh, ...broken } })
    ].map((scenario) => ({ ...scenario, unsteady }))
  })
]

const links: ReadonlyArray<Scenario> = [
  dynamic("link-stream-ended", 2500, [{ at: 700, do: "end streams" }]),
  dynamic("link-streams-ended-twice", 3500, [
    { at: 700, do: "end streams" },
    { at: 2000, do: "end streams" }
  ]),
  dynamic("link-lost", 5000, [{ at: 700, do: "control plane", becomes: "away" }]),
  dynamic("link-lost-and-back", 6000, [
    { at: 700, do: "control plane", becomes: "away" },
    { at: 1500, do: "control plane", becomes: "serving" }
  ]),
  dynamic("link-lost-and-back-at-once", 4000, [
    { at: 700, do: "control plane", becomes: "away" },
    { at: 720, do: "control plane", becomes: "serving" }
  ]),
  dynamic(
    "link-ended-after-late-start",
    9000,
    [
      { at: 2000, do: "control plane", becomes: "serving" },
      { at: 7000, do: "end streams" }
    ],
    { initially: "away" }
  ),
  dynamic("link-lost-long-and-back", 14_000, [
    { at: 700, do: "control plane", becomes: "away" },
    { at: 5000, do: "control plane", becomes: "serving" }
  ])
]

const drains: ReadonlyArray<Scenario> = [
  ...[
    "",
    "?graceful",
    "?inboundonly",
    "?graceful&inboundonly",
    "?graceful&skip_exit",
    "?skip_exit",
    "?graceful&skip_exit&inboundonly"
  ].map((query) =>
    fixed(
      `drain${query.replace(/[?&]/g, "-")}`,
      4500,
      [post(500, `/drain_listeners${query}`), get(1000, "/listeners"), get(4300, "/listeners")],
      { fixed: { ...upstream, listeners: [ingress, egress] } }
    )
  ),
  ...(["http1", "http2", "upgrade", "tcp"] satisfies ReadonlyArray<ConnectionKind>).flatMap((kind) =>
    ["", "?graceful", "?graceful&skip_exit"].map((query) => {
      const listener = kind === "tcp" ? "plain" : "ingress"
      return fixed(
        `drain-${kind}${query.replace(/[?&]/g, "-")}`,
        4500,
        [
          { at: 400, do: "connect", id: "a", listener, kind },
          { at: 450, do: "request", id: "a", duration: 10 },
          { at: 500, do: "connect", id: "b", listener, kind },
          { at: 550, do: "request", id: "b", duration: 2500 },
          post(800, `/drain_listeners${query}`),
          { at: 4000, do: "request", id: "a", duration: 10 },
          { at: 4060, do: "request", id: "a", duration: 10 }
        ],
        { fixed: { ...upstream, listeners: [ingress, plain] } }
      )
    })
  ),
  fixed("drain-connection-closed-by-client", 2500, [
    { at: 400, do: "connect", id: "a", listener: "ingress", kind: "http1" },
    { at: 450, do: "request", id: "a", duration: 10 },
    post(800, "/drain_listeners?graceful&skip_exit"),
    { at: 1500, do: "close", id: "a" }
  ]),
  fixed("drain-without-traffic-direction", 1200, [post(400, "/drain_listeners?inboundonly")], {
    fixed: { ...upstream, listeners: [plain] }
  }),
  fixed("drain-twice", 1500, [post(400, "/drain_listeners?inboundonly"), post(700, "/drain_listeners?inboundonly")]),
  dynamic("drain-dynamic", 1500, [post(700, "/drain_listeners"), get(1200, "/listeners")]),
  dynamic("drain-then-listener-added", 2200, [
    post(700, "/drain_listeners?inboundonly"),
    serve(1200, { listeners: [ingress, egress] }),
    get(1900, "/listeners")
  ]),
  dynamic("drain-then-update", 2200, [
    post(700, "/drain_listeners?inboundonly"),
    serve(1200, { listeners: [{ ...ingress, revision: 1 }] }),
    get(1900, "/listeners")
  ])
]

const levels: ReadonlyArray<Scenario> = [
  "/logging",
  "/logging?level=debug",
  "/logging?level=off",
  "/logging?level=warning",
  "/logging?level=warn",
  "/logging?level=INFO",
  "/logging?level=",
  "/logging?upstream=error",
  "/logging?nobody=error",
  "/logging?paths=upstream:error,http:off",
  "/logging?level=error&upstream=error"
].map((target, i) => fixed(`logging-${i}`, 600, [post(300, target), post(400, "/logging")]))

const levelsOfOne: ReadonlyArray<Scenario> = [
  fixed("logging-one-then-all", 800, [
    post(300, "/logging?a2a=error"),
    post(400, "/logging?level=warning"),
    post(500, "/logging")
  ])
]

const admin: ReadonlyArray<Scenario> = [
  fixed("admin-wrong-method", 500, [get(300, "/logging"), get(320, "/drain_listeners"), get(340, "/healthcheck/fail")]),
  fixed("admin-unknown-path", 500, [get(300, "/nothing")]),
  fixed("admin-health-check-fails", 900, [post(300, "/healthcheck/fail"), post(600, "/healthcheck/ok")]),
  fixed("admin-bad-filter", 500, [get(300, "/stats?filter=("), get(320, "/stats?format=nothing")]),
  fixed("admin-stats", 700, [
    get(300, "/stats?usedonly&filter=^listener_manager"),
    get(320, "/stats?format=json&filter=^listener_manager.(total|listener_create)"),
    get(340, "/stats?format=json&usedonly&filter=nothing"),
    get(360, "/stats/prometheus?usedonly&filter=^listener_manager"),
    get(380, "/stats?type=Gauges&filter=^listener_manager"),
    get(400, "/stats?format=json&usedonly&filter=update_rejected$")
  ]),
  fixed("admin-quit", 700, [post(300, "/quitquitquit")]),
  fixed("admin-dumps", 600, [
    get(300, "/config_dump?resource=static_listeners&mask=listener.traffic_direction"),
    get(320, "/config_dump?resource=dynamic_listeners&mask=name,active_state.listener"),
    get(340, "/listeners"),
    get(360, "/certs"),
    get(380, "/init_dump"),
    get(400, "/config_dump?resource=nothing")
  ]),
  dynamic("admin-dumps-ads", 900, [
    get(600, errors),
    get(620, "/listeners"),
    get(640, "/config_dump?resource=dynamic_listeners&mask=name,active_state.version_info")
  ])
]

const signals: ReadonlyArray<Scenario> = [
  ...(
    [
      "SIGTERM",
      "SIGINT",
      "SIGQUIT",
      "SIGHUP",
      "SIGUSR1",
      "SIGUSR2",
      "SIGSEGV",
      "SIGABRT",
      "SIGKILL",
      "SIGBUS"
    ] satisfies ReadonlyArray<NodeJS.Signals>
  ).map((name) => fixed(`signal-${name}`, 800, [signal(400, name)])),
  ...[5, 15, 25, 45, 60].map((at) => fixed(`signal-SIGTERM-at-${at}`, 400, [signal(at, "SIGTERM")])),
  dynamic("signal-SIGTERM-while-initializing", 900, [signal(500, "SIGTERM")], { initially: "away" }),
  dynamic("signal-SIGKILL-while-initializing", 900, [signal(500, "SIGKILL")], { initially: "silent" }),
  fixed("stopped-and-continued", 1600, [
    signal(400, "SIGSTOP"),
    post(500, "/logging?level=debug"),
    signal(1000, "SIGCONT")
  ]),
  fixed("stopped-and-killed", 1000, [signal(400, "SIGSTOP"), get(500, "/ready"), signal(700, "SIGKILL")]),
  fixed("stopped-and-terminated", 1400, [signal(400, "SIGSTOP"), signal(600, "SIGTERM"), signal(1000, "SIGCONT")]),
  fixed("stopped-and-quit", 1400, [signal(400, "SIGSTOP"), signal(600, "SIGQUIT"), signal(1000, "SIGCONT")]),
  fixed("stopped-during-start", 1000, [signal(20, "SIGSTOP"), signal(500, "SIGCONT")]),
  dynamic("stopped-while-updated", 2000, [signal(700, "SIGSTOP"), serve(900, {}), signal(1300, "SIGCONT")]),
  dynamic("stopped-while-link-is-lost", 3000, [
    signal(700, "SIGSTOP"),
    { at: 900, do: "end streams" },
    signal(1300, "SIGCONT")
  ]),
  fixed("terminated-with-open-connections", 1000, [
    { at: 300, do: "connect", id: "a", listener: "ingress", kind: "http1" },
    { at: 320, do: "request", id: "a", duration: 5000 },
    signal(600, "SIGTERM")
  ]),
  fixed("killed-during-drain", 1200, [post(400, "/drain_listeners?graceful&skip_exit"), signal(800, "SIGKILL")])
]

const busy: ReadonlyArray<Scenario> = [
  ...[20, 100, 300].map((perSecond) =>
    fixed(`traffic-${perSecond}`, 2500, [{ at: 400, do: "flow", listener: "ingress", perSecond, lasts: 1000 }], {
      stats: "^http\\.in\\.(downstream_rq_(total|2xx|completed)|downstream_cx_total)$",
      unsteady: [
        "http.in.downstream_rq_total",
        "http.in.downstream_rq_2xx",
        "http.in.downstream_rq_completed",
        "http.in.downstream_cx_total"
      ]
    })
  ),
  fixed("traffic-connections", 1800, [
    ...["a", "b", "c"].map(
      (id, i): Step => ({ at: 400 + 50 * i, do: "connect", id, listener: "ingress", kind: "http1" })
    ),
    { at: 700, do: "request", id: "a", duration: 300 },
    { at: 750, do: "request", id: "b", duration: 600 },
    { at: 1100, do: "close", id: "c" },
    { at: 1500, do: "close", id: "a" }
  ]),
  fixed("traffic-client-leaves-during-request", 1400, [
    { at: 400, do: "connect", id: "a", listener: "ingress", kind: "http1" },
    { at: 450, do: "request", id: "a", duration: 5000 },
    { at: 900, do: "close", id: "a" }
  ]),
  fixed("flush-after-five-seconds", 6500, [{ at: 300, do: "connect", id: "a", listener: "ingress", kind: "http1" }], {
    stats: "^server\\.(state|live|total_connections|uptime)$",
    tolerance: 300
  })
]

/** All that is recorded. */
export const scenarios: ReadonlyArray<Scenario> = [
  ...starts,
  ...refused,
  ...updates,
  ...rejections,
  ...links,
  ...drains,
  ...levels,
  ...levelsOfOne,
  ...admin,
  ...signals,
  ...busy
]
