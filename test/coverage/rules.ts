// The documented behaviour beyond single settings: one rule a line, under the name by which a test claims it.

/** Rules by chapter: their names and their texts. */
export const chapters = {
  Commands: {
    "one-file": "The built agent is one executable file that needs no packages beside it",
    "no-command": "Without a command the agent runs, as with `run`",
    "bootstrap-yaml": "`bootstrap` prints YAML and starts nothing",
    "bootstrap-validate": "`bootstrap --validate` has the real Envoy check it",
    "bootstrap-refused": "`bootstrap` ends with 1 and names every invalid setting on stderr",
    "config-table": "`config` prints each setting, its value and the value's source, and the warnings",
    "config-json": "`config --json` has settings, warnings and Envoy's arguments",
    "config-refused": "`config` ends with 1 if a setting is invalid",
    "config-secrets": "`config` prints no secret",
    "ready-polls": "`ready` polls until the agent is HEALTHY or the configured time is over, and ends with 0 or 1",
    "ready-once": "`ready` asks once if its interval or time-out is 0",
    "ready-not-served": "`ready` ends with 1 at once, with a message, where no management API is served",
    "ready-cheap": "`ready` that asks once loads nothing but Node's own modules",
    "status-command": "`status` prints a table or JSON, follows changes, and ends with 0, 1 or 2",
    "control-commands": "`drain`, `log-level` and `stats` call the running agent, over TCP or its socket",
    "control-exit-codes": "They end with 0, with 1 if the request was refused, with 2 if no agent answers",
    "old-flags":
      "`-envoyReadiness`, `-logLevel`, `-envoyConfigPath` work with one dash or two, attached or not, anywhere",
    "help-version-completions": "`--help`, `--version` and completions for shells",
    "usage-errors":
      "A wrong command line ends with 1 and one line that says what is wrong and what was meant or is allowed",
    "flag-names": "No flag has the name of a command"
  },
  "Exit codes of `run`": {
    "exit-0-signal": "0 after a stop that a signal asked for",
    "exit-0-drain": "0 also when Envoy ends by itself during a drain, with whatever exit code",
    "exit-1-setting": "1 for an invalid setting, before Envoy is started",
    "exit-1-bootstrap": "1 for a bootstrap that cannot be used",
    "exit-1-bind": "1 for a management address that cannot be bound",
    "exit-envoy-code": "Envoy's own code when it ended and no restart is left, 0 too",
    "exit-envoy-signal": "128 and the signal's number when a signal ended Envoy"
  },
  "How settings are read": {
    trimmed: "Values are trimmed, and an empty one is unset",
    booleans: "Booleans are exactly the twelve words of Go's ParseBool",
    "any-case": "Enumerations are case-insensitive",
    "never-clamped": "An invalid port or word of an enumeration is an error, and is never clamped",
    "log-level-fallback": "A log level that Envoy does not have becomes info, with a warning",
    "all-at-once": "All errors are reported at once, each with name, value and allowed values, before Envoy starts",
    clamped: "An operational number outside its range becomes the nearest bound, with one warning",
    unreadable: "An operational value that cannot be read becomes the default, with a warning",
    "platform-data": "Platform data that cannot be read is left out with a warning, and the start goes on",
    "unknown-name": "An unknown APPNET_, ENVOY_ or APPMESH_ variable gets a warning with the nearest known name",
    defaults: "Every setting has its documented default",
    "minimum-drain": "The minimum drain wait is 5 s, or the maximum if that is shorter",
    "admin-log-fallback":
      "Where the usual folder of Envoy's admin access log is read-only, the log is in /tmp, with a warning",
    "ca-bundle-order": "The trusted roots are the first of three common files that exists",
    "guards-auto":
      "Runtime flags that this Envoy has removed are left out, with a warning only if their variable was set",
    "guards-all": "With APPNET_RUNTIME_GUARDS=all every documented runtime flag is written",
    "ready-interval-for-health":
      "The interval of `ready` is that of the health check where only it is set, within 2 to 30 s"
  },
  "The bootstrap": {
    "own-file":
      "A custom bootstrap, also through a symbolic link, is used unchanged, and the agent uses its admin address",
    "own-file-missing": "A file that is missing or cannot be read is an error",
    "own-file-empty": "An empty file counts as unset",
    "generated-file": "A generated bootstrap is a file of mode 0600 in the run folder, which is removed at exit",
    "mode-standalone": "Standalone mode: any ADS control plane over plain gRPC, TLS or mutual TLS",
    "standalone-no-aws": "Standalone mode neither needs nor sends AWS data; the host name is the node's id by default",
    "mode-app-mesh": "App Mesh mode: the region's endpoint and AWS IAM call credentials",
    "mode-service-connect": "Service Connect mode: plain gRPC over a socket, local_cluster, the zone in the locality",
    "mode-relay": "Relay mode: no resource; listens on a socket, and sends signed requests over TLS",
    "relay-server": "Relay mode's server comes from the domain and port variables, else the endpoint, else the region",
    "relay-unix-endpoint": "A unix endpoint is an error in relay mode",
    "relay-admin": "Relay mode's Envoy has its admin on the unix socket whatever ENVOY_ADMIN_MODE says",
    "mode-local-relay": "Local relay mode: a second Envoy on loopback signs and forwards the first one's requests",
    "local-relay-auto": "`auto` turns the local relay on unless this Envoy has the AWS IAM call credentials",
    "local-relay-watched": "Both Envoys are watched, restarted and stopped alike; `/status` has the relay's state",
    "metadata-side-by-side":
      "Metadata endpoints are requested concurrently, within 2 s in all; a missing answer is a warning",
    "metadata-shape": "An answer counts only with status 200; each part of it only with the expected shape",
    "metadata-unusable":
      "An answer or endpoint that cannot be used for a request is a warning, never the end of the agent",
    "region-needed": "Without a region App Mesh mode ends with 1 and names AWS_REGION",
    "imds-when": "EC2 metadata is requested only for the region, or if the three Kubernetes variables are set",
    "imds-token": "Its token request has 500 ms; after that the requests have no token",
    "recorded-cases": "The recorded environments have the recorded bootstraps, arguments and errors as outcome",
    "valid-for-envoy": "The real Envoy accepts these bootstraps, and those of random valid settings",
    "yaml-1.1": "Custom files are YAML 1.1",
    "custom-files-merged": "Custom files are merged, and an error in one is reported with its line",
    "typed-values": "No value can break out of its field",
    "sampling-manifest": "The X-Ray sampling rules are written without following planted links or files",
    "tracer-conflict": "Two tracers at once are an error"
  },
  "The process": {
    "envoy-arguments": "Envoy's arguments are as documented",
    "relay-concurrency": "One worker in relay mode, unless set",
    "hot-restart-arguments": "With hot restart on, a free base id, an epoch and the parent's shutdown time are added",
    "output-kind": "Envoy's output is a terminal, a file or a FIFO, never a socket",
    "open-files": "The soft limit of open files is raised to the hard limit",
    "dies-with-agent": "Envoy ends when the agent is killed",
    "net-admin": "Envoy gets NET_ADMIN if the agent has it; the wrapper is tried once",
    "token-kept": "The API's token is not in Envoy's environment",
    "restart-delays":
      "The first restart is immediate, then the delay doubles from 100 ms to 5 s, up to the allowed number",
    "restart-resets": "A restart resets the stats snapshot and cancels the reset of the log level",
    "drain-request": "A stop drains the listeners gracefully, without Envoy's own exit",
    "drain-until-idle": "A stop waits until no connection is left, or the maximum time where this cannot be known",
    "drain-bounds": "The drain takes at least the minimum wait, at most the maximum wait",
    "kill-after-3s": "Then Envoy gets SIGTERM, and SIGKILL 3 s later",
    "connections-counted": "Connections are summed over listeners, without those of the admin and of single workers",
    "stop-signals": "SIGTERM, SIGQUIT and SIGINT stop alike, and leave nothing behind",
    "second-signal": "A second signal skips the wait",
    "signal-at-start": "A signal during start-up or between restarts stops at once",
    "draining-status": "From the signal on: DRAINING, UNHEALTHY, `/ready` 503, `/live` 200"
  },
  Health: {
    "health-question": "The health check requests `/ready` and filtered stats, with a time-out of 2 s",
    "health-interval": "Once an interval, with 10 to 50 ms of jitter",
    "health-eager": "Every 50 ms until the first LIVE of each start",
    "health-disconnected": "Every second while Envoy is LIVE and not connected",
    "health-at-exit": "UNHEALTHY at once when Envoy exits",
    "own-envoy":
      "Only this agent's own Envoy counts: where another program is at its admin's address, health is UNHEALTHY with that reason, and nothing is asked of it",
    healthy: "HEALTHY: LIVE, configuration accepted, and connected, or disconnected for less than the time-out",
    "initial-config":
      "The initial configuration fails by a listener or a rejected first update, until a later update succeeds",
    "initial-config-repeated":
      "It is accepted at the first look after Envoy has accepted what it rejected, however often and fast that was repeated",
    "initial-config-missing":
      "It fails too where no update comes in time and Envoy has no listener of its own, until a first update is accepted",
    "initial-config-restart": "A restart begins again at NOT_INITIALIZED",
    "no-ads": "Without ADS the connection is neither considered nor reported",
    "diagnosis-stream":
      "The agent's own stream to the management server names the agent, and is not opened where Envoy is connected again",
    "held-certificate":
      "A client certificate that Envoy holds after it expired, or trusted roots that no longer fit, while their file was renewed, are named as the reason why there is no connection",
    "disconnected-since-start": "The time of disconnection starts with Envoy if it has not connected yet"
  },
  "The management API": {
    "not-served": "Nothing is served unless a mode is set",
    "uds-socket":
      "The socket has mode 0600, replaces a stale one, is an error if another is live, and is removed at exit",
    "ipv6-fallback": "Without IPv6 an IPv6 wildcard falls back to 0.0.0.0, with a warning",
    "bound-first": "It is bound before Envoy is started, and answers from then on",
    "status-fields": "`/status` has the documented fields, as strings",
    "status-reason": "After them `/status` has the reason of the health, as `/ready` and the log have it",
    "rejected-update":
      "`/status?verbose` has the update that Envoy rejected last, with Envoy's words where it keeps them, until one is accepted in its place; the log has a line when that begins and one when it ends",
    probes: "`/ready` and `/live` for probes",
    "drain-route":
      "`POST /drain_listeners` drains inbound listeners, `graceful` if given, and returns Envoy's answer; other parameters are 400",
    "logging-route":
      "`POST /enableLogging` takes levels in any case, and answers 200 with the old and new level, 304 or 400",
    "logging-reset":
      "The level is reset after the configured time; another level restarts the time; `permanent` changes the configured level",
    "stats-route": "`/stats/prometheus` answers with all stats, used ones only, or filtered ones without their prefix",
    "stats-delta":
      "`delta` answers with the changes between the last two snapshots; `X-Snapshot` says if there are none",
    "stats-cursor": "`since` counts every increment once for each scraper",
    "stats-bad-query": "An unknown parameter or value is 400, on every route",
    openapi: "`/openapi.json` describes what is served",
    "wrong-method": "A wrong method is 405 with Allow; HEAD goes where GET does",
    "unknown-path": "An unknown path is 404; paths are compared letter by letter",
    "answer-headers": "Every answer has `X-Content-Type-Options: nosniff` and `Cache-Control: no-store`",
    "no-body": "A body where none belongs is 400",
    "rate-limit": "Over the limit of a route: 429 with Retry-After. No route starves another, and probes have no limit",
    "bad-gateway": "If Envoy does not answer: 502 with a reason, after 250 ms and 3 retries, or 5 s for stats",
    token: "With a token set, every POST needs it",
    "host-and-origin": "Over TCP a POST with a foreign Origin or an unknown Host is 403",
    "admin-paths": "Only the documented paths of Envoy's admin are requested",
    "foreign-text":
      "Text of Envoy, a management server or a metadata endpoint is one line of at most 500 characters, with control characters escaped",
    "foreign-size": "Their answers that are read whole are refused past 4 MB",
    "cut-off": "Slow, huge and incomplete requests are cut off and do not block others",
    "scrape-only": "The scrapers' address serves stats and nothing else"
  },
  Logs: {
    "line-format": "Agent lines look like Envoy's",
    "log-file": "Both programs' output goes to the named file of the named folder",
    "log-rotation":
      "The file is rotated at its maximum size, the configured number is kept, and no line is lost or torn",
    "log-folder-missing":
      "If the folder is missing or read-only, there is a warning, and output stays on stdout and stderr"
  }
} as const

type Chapters = typeof chapters
type KeysOf<T> = T extends unknown ? keyof T : never

/** The name of a rule of any chapter. */
export type RuleName = KeysOf<Chapters[keyof Chapters]>
