// The documented behaviour that is no single setting, line by line, each under a name by which a test says that it
// shows it.

/** Names of rules and what they say, by chapter. */
export const chapters = {
  Commands: {
    "one-file": "The built agent is one executable file that needs no packages beside it",
    "no-command": "Without a command the agent runs, as with `run`",
    "bootstrap-yaml": "`bootstrap` prints YAML and starts nothing",
    "bootstrap-validate": "`bootstrap --validate` has the real Envoy check it",
    "bootstrap-refused": "`bootstrap` ends with 1 and names every bad setting on stderr",
    "config-table": "`config` prints each setting with its value and where that came from, and the warnings",
    "config-json": "`config --json` has settings, warnings and Envoy's arguments",
    "config-refused": "`config` ends with 1 if a setting is invalid",
    "config-secrets": "`config` shows no secret",
    "ready-polls": "`ready` asks until the agent is HEALTHY, for as long as its options or variables say: 0, or 1",
    "ready-once": "`ready` asks once if interval or time-out is 0",
    "ready-not-served": "`ready` ends with 1 at once, and says so, where no management API is served",
    "ready-cheap": "`ready` that asks once loads nothing but Node's own modules",
    "status-command": "`status` prints a table or JSON, follows changes, and ends with 0, 1 or 2",
    "control-commands": "`drain`, `log-level` and `stats` ask the running agent, over TCP or its socket",
    "control-exit-codes": "They end with 0, with 1 when refused, with 2 when there is no agent",
    "old-flags":
      "`-envoyReadiness`, `-logLevel`, `-envoyConfigPath` work with one dash or two, attached or not, anywhere",
    "help-version-completions": "`--help`, `--version` and completions for shells"
  },
  "Exit codes of `run`": {
    "exit-0-signal": "0 after a stop that a signal asked for",
    "exit-0-drain": "0 also when Envoy ends by itself, whatever with, while it is drained",
    "exit-1-setting": "1 for an invalid setting, before Envoy is started",
    "exit-1-bootstrap": "1 for a bootstrap that cannot be used",
    "exit-1-bind": "1 for a management address that cannot be bound",
    "exit-envoy-code": "Envoy's own code when it ended and no restart is left, 0 too",
    "exit-envoy-signal": "128 and the signal's number when a signal ended Envoy"
  },
  "How settings are read": {
    trimmed: "Values are trimmed, and an empty one is unset",
    booleans: "Booleans are the twelve words of Go's ParseBool and no other",
    "any-case": "Words are read in any case",
    "never-clamped": "A bad port or word is an error, never clamped",
    "log-level-fallback": "A log level that Envoy does not have becomes info, with a warning",
    "all-at-once": "All errors are told at once, each with name, value and what is allowed, before Envoy starts",
    clamped: "An operational number outside its range becomes the nearest bound, with one warning",
    unreadable: "An operational value that cannot be read becomes the default, with a warning",
    "platform-data": "Data of the platform that cannot be read is left out with a warning, and stops nothing",
    "unknown-name": "An unknown APPNET_, ENVOY_ or APPMESH_ variable gets a warning with the nearest known name",
    defaults: "Every setting has its documented default",
    "minimum-drain": "The least drain wait is 5 s, or the whole wait where that is shorter",
    "admin-log-fallback":
      "Where the usual folder of Envoy's admin access log is read-only, the log is in /tmp, with a warning",
    "ca-bundle-order": "Trusted roots are the first of three usual files that exists",
    "guards-auto":
      "Runtime flags that this Envoy has removed are left out; a warning only where their variable was set",
    "guards-all": "With APPNET_RUNTIME_GUARDS=all every documented runtime flag is written",
    "ready-interval-for-health":
      "The interval of `ready` is that of the health check where only it is set, within 2 to 30 s"
  },
  "The bootstrap": {
    "own-file":
      "A file of the user's own is used as it is, a symbolic link too, and the agent takes Envoy's admin from it",
    "own-file-missing": "A file that is missing or cannot be read is an error",
    "own-file-empty": "An empty file counts as unset",
    "generated-file": "A generated bootstrap is in a file of mode 0600 in the run folder, gone at exit",
    "mode-standalone": "Standalone mode: any ADS control plane over plain gRPC, TLS or mutual TLS",
    "standalone-no-aws": "Standalone mode needs and tells nothing of AWS; the host's name is the node by default",
    "mode-app-mesh": "App Mesh mode: the region's endpoint and AWS IAM call credentials",
    "mode-service-connect": "Service Connect mode: plain gRPC over a socket, local_cluster, the zone in the locality",
    "mode-relay": "Relay mode: no resource; a socket in, signed requests over TLS out",
    "relay-server": "Relay mode's server: the domain name and port variables, else the endpoint, else the region's",
    "relay-unix-endpoint": "A unix endpoint is an error in relay mode",
    "relay-admin": "Relay mode's Envoy has its admin on the unix socket whatever ENVOY_ADMIN_MODE says",
    "mode-local-relay": "Local relay mode: a second Envoy on loopback signs and forwards what the first sends",
    "local-relay-auto": "`auto`: on unless this Envoy has the AWS IAM call credentials",
    "local-relay-watched": "Both Envoys are watched, restarted and stopped alike; `/status` tells the relay's state",
    "metadata-side-by-side": "Metadata endpoints are asked side by side, 2 s in all; silence costs a warning",
    "metadata-shape": "An answer counts only with status 200 and the expected shape, part by part",
    "region-needed": "Without a region App Mesh mode ends with 1 and names AWS_REGION",
    "imds-when": "EC2 metadata is asked only for the region or with the three Kubernetes variables set",
    "imds-token": "Its token has 500 ms, then it is asked without",
    "recorded-cases": "The recorded environments give the recorded bootstraps, arguments and errors",
    "valid-for-envoy": "The real Envoy takes them, and those of any mix of right settings",
    "yaml-1.1": "Custom files are YAML 1.1",
    "custom-files-merged": "Custom files are merged, and what is wrong with one is told with its line",
    "typed-values": "No value can break out of its field",
    "sampling-manifest": "The X-Ray sampling rules are written past planted links and files",
    "tracer-conflict": "Two tracers at once are an error"
  },
  "The process": {
    "envoy-arguments": "Envoy's arguments are as documented",
    "relay-concurrency": "One worker in relay mode, unless set",
    "hot-restart-arguments": "With hot restart on, a free base id, an epoch and the parent's time are added",
    "output-kind": "Envoy's output is a terminal, a file or a FIFO, never a socket",
    "open-files": "The limit of open files is raised to what is allowed",
    "dies-with-agent": "Envoy ends when the agent is killed",
    "net-admin": "NET_ADMIN is handed on where the agent holds it; the wrapper is tried once",
    "token-kept": "The API's token is not in Envoy's environment",
    "restart-delays": "Restarts: at once, then 100 ms doubling up to 5 s, as often as allowed",
    "restart-resets": "A restart resets the stats snapshot and cancels the reset of the log level",
    "drain-request": "A stop drains the listeners gracefully, without Envoy's own exit",
    "drain-until-idle": "A stop waits until no connection is left, or the whole time where that cannot be known",
    "drain-bounds": "At least the least wait, at most the whole wait",
    "kill-after-3s": "Then SIGTERM to Envoy, and SIGKILL 3 s later",
    "connections-counted": "Connections are counted over listeners, without the admin's and the workers'",
    "stop-signals": "SIGTERM, SIGQUIT and SIGINT stop alike, and nothing is left",
    "second-signal": "A second signal skips the wait",
    "signal-at-start": "A signal during start-up or between restarts stops at once",
    "draining-status": "From the signal on: DRAINING, UNHEALTHY, `/ready` 503, `/live` 200"
  },
  Health: {
    "health-question": "Asked are `/ready` and the stats by a filter, with 2 s of patience",
    "health-interval": "Once an interval, with 10 to 50 ms more",
    "health-eager": "Every 50 ms until the first LIVE of each start",
    "health-at-exit": "UNHEALTHY at once when Envoy exits",
    healthy: "HEALTHY: LIVE, configuration accepted, connected or not for long disconnected",
    "initial-config":
      "The initial configuration fails by a listener or a rejected first update, and heals with a later one",
    "initial-config-restart": "A restart begins anew at NOT_INITIALIZED",
    "no-ads": "Without ADS the connection is neither considered nor shown",
    "disconnected-since-start": "The disconnection clock starts with Envoy where it has not connected yet"
  },
  "The management API": {
    "not-served": "Nothing is served unless a mode is set",
    "uds-socket": "The socket has mode 0600, replaces a stale one, refuses a live one, and is gone at exit",
    "ipv6-fallback": "An IPv6 wildcard falls back to 0.0.0.0, with a warning, where there is no IPv6",
    "bound-first": "It is bound before Envoy is started, and answers from then on",
    "status-fields": "`/status`: the documented fields, as texts",
    probes: "`/ready` and `/live` for probes",
    "drain-route": "`POST /drain_listeners`: inbound, graceful when given, Envoy's answer passed on, else 400",
    "logging-route": "`POST /enableLogging`: levels in any case, 200 with from and to, 304, 400",
    "logging-reset": "The level is reset after the time; another level restarts it; `permanent` moves the level",
    "stats-route": "`/stats/prometheus` whole, used only, filtered without prefix",
    "stats-delta": "`delta`: what changed between the last two snapshots; `X-Snapshot` where there are none",
    "stats-cursor": "`since`: each scraper is told every increment once",
    "stats-bad-query": "An unknown parameter or value is 400, on every route",
    openapi: "`/openapi.json` describes what is served",
    "wrong-method": "A wrong method is 405 with Allow; HEAD goes where GET does",
    "unknown-path": "An unknown path is 404; paths are compared letter by letter",
    "answer-headers": "Every answer has `X-Content-Type-Options: nosniff` and `Cache-Control: no-store`",
    "no-body": "A body where none belongs is 400",
    "rate-limit": "Over the limit of a route 429 with Retry-After; no route starves another, probes have no limit",
    "bad-gateway": "An Envoy that does not answer is 502 with a reason, after 250 ms and 3 retries, 5 s for stats",
    token: "With a token set, each POST needs it",
    "host-and-origin": "Over TCP a POST from another site or by an unknown host name is 403",
    "admin-paths": "Envoy's admin is asked for its documented paths alone",
    "cut-off": "Slow, huge and half-open requests are cut off and stop no other",
    "scrape-only": "The scrapers' address serves stats and nothing else"
  },
  Logs: {
    "line-format": "Agent lines look like Envoy's",
    "log-file": "Both programs' output goes to the named file of the named folder",
    "log-rotation": "The file is rotated past its size, so many are kept, and no line is lost or torn",
    "log-folder-missing": "A folder that is missing or read-only: a warning, and output stays where it was"
  }
} as const

type Chapters = typeof chapters
type KeysOf<T> = T extends unknown ? keyof T : never

/** The name of a rule, in any chapter. */
export type RuleName = KeysOf<Chapters[keyof Chapters]>
