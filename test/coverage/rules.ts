// The documented behaviour beyond single settings: one rule a line, under the name by which a test claims it.

/** Rules by chapter: their names and their texts. */
export const chapters = {
  Commands: {
    "one-file": "The built agent is one executable file that needs no packages beside it",
    "npm-package": "`npm pack` builds first, and the package runs where it is unpacked, with no other package",
    "no-command": "Without a command the agent runs, as with `run`",
    "bootstrap-yaml": "`bootstrap` prints YAML and starts nothing",
    "bootstrap-validate": "`bootstrap --validate` has the real Envoy check it",
    "bootstrap-refused":
      "`bootstrap` ends with 1 and names every invalid setting on stderr, with what is wrong with files and ports",
    "config-table": "`config` prints each setting, its value and the value's source, and the warnings",
    "config-json": "`config --json` has settings, warnings and Envoy's arguments",
    "config-mode": "`config` says first which mode is in force, and by which setting",
    "config-set": "`config --set` prints the settings that are set",
    "config-refused": "`config` ends with 1 and names everything for which `run` would not start Envoy",
    "config-secrets": "`config` prints no secret",
    "ready-polls": "`ready` polls until the agent is HEALTHY or the configured time is over, and ends with 0 or 1",
    "ready-once": "`ready` asks once if its interval or time-out is 0",
    "ready-not-served": "`ready` ends with 1 at once, with a message, where no management API is served",
    "ready-cheap": "`ready` that asks once loads nothing but Node's own modules",
    "ready-reason": "`ready` that fails says the reason that the agent gives in `/status`",
    "ready-settings": "`ready` that asks once reads each setting as the agent does",
    "status-command": "`status` prints a table or JSON, follows changes, and ends with 0, 1 or 2",
    "control-commands": "`drain`, `log-level` and `stats` call the running agent, over TCP or its socket",
    "stats-no-delta": "`stats --delta` says on stderr if what it prints is no delta, and why",
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
    "long-values": "A message shows at most 500 characters of a setting's value, on one line",
    clamped: "An operational number outside its range becomes the nearest bound, with one warning",
    unreadable: "An operational value that cannot be read, booleans too, becomes the default, with a warning",
    "unused-values": "A bad value of a tracer, sink or mode that is off is a warning",
    "counts-as-unset": "What the Go agent took for not set still is, with a warning",
    "platform-data": "Platform data that cannot be read is left out with a warning, and the start goes on",
    "unknown-name":
      "An unknown APPNET_, ENVOY_, APPMESH_, HC_ or LISTENER_DRAIN_ variable gets a warning with the nearest known name",
    "kubernetes-services":
      "The variables that Kubernetes sets for a Service get no such warning; where one is a bad value, the message says so",
    defaults: "Every setting has its documented default",
    "minimum-drain": "The minimum drain wait is 5 s, or the maximum if that is shorter",
    "admin-log-fallback":
      "Where the usual folder of Envoy's admin access log is read-only, there is no such log, with a warning",
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
    "own-file-json": "A custom bootstrap in JSON is read alike, whatever its size up to 8 MiB",
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
    "signed-headers":
      "A relay signs the headers of the signature itself with every version of Envoy, and none that proxies change",
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
    "any-arn": "In Service Connect mode any ARN with a resource names the node, an unknown kind with a warning",
    "gateway-segments": "X-Ray's segments call a virtual gateway `virtual_node_name` too",
    "ip-families":
      "In bridge mode a task with both IP families has IPv6 alone if its containers have IPv6 addresses in the mapping",
    "kubernetes-facts": "Facts about Kubernetes are sent only if all three variables are set",
    "mappings-as-they-are": "A mapping that can be parsed is passed on as it is, nested values too",
    "fips-regions": "A region's endpoint in us-gov-* and us-iso* needs a FIPS Envoy",
    "relay-curves": "A relay in us-isof-* and eu-isoe-* offers the curve P-384 alone",
    "metadata-size": "An answer of a metadata endpoint past 4 MB is refused",
    "socket-folder-missing": "A missing folder of a unix socket, of the agent or of Envoy, is called that",
    "recorded-cases": "The recorded environments have the recorded bootstraps, arguments and errors as outcome",
    "valid-for-envoy": "The real Envoy accepts these bootstraps, and those of random valid settings",
    "credential-files":
      "A certificate, key or token is a regular file of at most 8 MiB, for Envoy and for the diagnosis",
    "yaml-1.1": "Custom files are YAML 1.1",
    "yaml-bounded": "No custom file costs more than its size allows: aliases, merge keys, keys and nesting are bounded",
    "null-sections":
      "A section of a custom file that is null counts as absent; an empty list of stats sinks says that there are none",
    "custom-files-merged": "Custom files are merged, and an error in one is reported with its line",
    "typed-values": "No value can break out of its field",
    "sampling-manifest": "The X-Ray sampling rules are written without following planted links or files",
    "no-effect": "A setting that has no effect in the mode gets a warning, and only such a setting",
    "tracer-conflict": "Two tracers at once are an error"
  },
  "The process": {
    "envoy-arguments": "Envoy's arguments are as documented",
    "relay-concurrency": "One worker in relay mode, unless set",
    "hot-restart-arguments": "With hot restart on, a free base id, an epoch and the parent's shutdown time are added",
    "output-kind": "Envoy's output is a terminal, a file or a FIFO that this user may open, never a socket",
    "open-files": "The soft limit of open files is raised to the hard limit",
    "dies-with-agent": "Envoy ends when the agent is killed",
    "one-version": "A start asks Envoy for its version once, by the process that tries its wrapper",
    "net-admin": "Envoy gets NET_ADMIN if the agent has it; the wrapper is tried once",
    "token-kept": "The API's token is not in Envoy's environment",
    "credentials-kept":
      "AWS credentials are in the environment of an Envoy only if it signs, or its bootstrap is the user's",
    "no-instance-metadata": "With keys in the environment, no Envoy asks the instance metadata service for credentials",
    "crash-in-drain": "An Envoy that ends by itself while it is drained is told, with how it ended",
    "restart-delays":
      "The first restart is immediate, then the delay doubles from 100 ms to 5 s, up to the allowed number",
    "failed-start":
      "A start that fails after the first one counts as a restart, and is tried again by the same schedule",
    "remade-for-each-start": "What a start needs is made again for each start: bootstrap, FIFOs and folder",
    "run-folder": "The agent's own files are in a folder of mode 0700 with a name that nobody can foresee",
    "stale-folders": "Folders of this user's killed agents are removed by the next one, those of running ones never",
    "not-theirs":
      "A file or live socket where a socket would be made is an error that names it, and stays; an abandoned socket is replaced",
    "own-files-removed": "A file or socket is removed at the end only if it is the one that this agent made",
    "restart-resets": "A restart resets the stats snapshot and cancels the reset of the log level",
    "drain-request": "A stop drains the listeners gracefully, without Envoy's own exit",
    "drain-until-idle": "A stop waits until no connection is left, or the maximum time where this cannot be known",
    "drain-bounds": "The drain takes at least the minimum wait, at most the maximum wait",
    "restart-level": "A restarted Envoy gets the configured log level, which `permanent=true` has moved, as its `-l`",
    "kill-after-3s": "Then Envoy gets SIGTERM, and SIGKILL 3 s later",
    "connections-counted": "Connections are summed over listeners, without those of the admin and of single workers",
    "stop-signals": "SIGTERM, SIGQUIT, SIGINT and SIGHUP stop alike, and leave nothing behind",
    "ignored-signals": "SIGUSR1 and SIGUSR2 neither end the agent nor open a debugger; SIGUSR2 is logged",
    "process-1": "An agent that is process 1 says that it needs an init, and handles signals all the same",
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
    "other-protocol":
      "A management server that is no gRPC server, or speaks TLS where none is expected, is told by what it sent",
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
    "agent-uptime": "`agentUptime` grows whoever sets the clock",
    "status-reason": "`reason` in `/status` is the sentence of `/ready`",
    "rejected-update":
      "`/status?verbose` has the update that Envoy rejected last, with Envoy's words where it keeps them, until one is accepted in its place; the log has a line when that begins and one when it ends",
    "rejected-update-order":
      "Where an update was rejected and another accepted between two looks and nothing tells which came last, `rejectedUpdate` and the log say that this is not known, until the next update of that type",
    "health-no-ads-start":
      "Where the bootstrap has no ADS, connection is neither considered nor shown from the first moment on",
    "promises-while-stopping":
      "While the agent stops Envoy, no answer and no log line promises a reset, a repetition or a start that Envoy's end may forestall",
    "logging-changed-elsewhere":
      "Envoy is asked for the level that it has before 304 is answered: a level that was changed at its admin is seen at the next request",
    probes: "`/ready` and `/live` for probes",
    "drain-route":
      "`POST /drain_listeners` drains inbound listeners, `graceful` if given, and returns Envoy's answer; other parameters are 400",
    "drain-final": "The answer to a drain says that it cannot be undone",
    "drained-state":
      "After a drain `drainedAt` is in `/status`, `/ready` is 503 and `healthStatus` is unchanged, until Envoy's next start",
    "drain-restart": "A drain belongs to one start of Envoy: none is repeated to the next one",
    "drain-unanswered":
      "A drain that Envoy did not answer is repeated until it does; `/ready` is 503 meanwhile, and `drainedAt` waits for the answer",
    "drain-logged": "One log line says who asked for a drain, and how many listeners it was",
    "envoy-text": "Text of Envoy is cut to one line of 500 characters without control characters before it is answered",
    "logging-route":
      "`POST /enableLogging` takes levels in any case, and answers 200 with the old and new level, 304 or 400",
    "logging-reset":
      "The level is reset after the configured time; another level restarts the time; `permanent` changes the configured level",
    "logging-reported":
      "`/status` has the level and, while a reset is pending, its time; the answer and one log line say until when, and who asked",
    "logging-unknown":
      "After a request for a level without an answer the level is unknown, a reset is scheduled, and the next request is passed on",
    "logging-restart": "A change of the level belongs to one start of Envoy: none is repeated to the next one",
    "stats-route": "`/stats/prometheus` answers with all stats, used ones only, or filtered ones without their prefix",
    "stats-prefiltered": "Envoy filters for `filter=metrics_extension` first, and the answer is the same",
    "stats-delta":
      "`delta` answers with the changes between the last two snapshots; `X-Snapshot` says if there are none",
    "stats-cursor": "`since` counts every increment once for each scraper",
    "cursor-lifetime": "A cursor lives for at least 10 minutes, whatever other scrapers do and however often",
    "cursor-memory": "Scrapers that ask often share snapshots, so that all cursors together stay within a fixed memory",
    "cursor-restarted":
      "`X-Snapshot: restarted` marks whole values: the cursor is unknown or expired, or a counter decreased",
    "stats-bad-query": "An unknown parameter or value is 400, on every route",
    openapi: "`/openapi.json` describes what is served",
    "wrong-method": "A wrong method is 405 with Allow; HEAD goes where GET does",
    "unknown-path": "An unknown path is 404; paths are compared letter by letter",
    "answer-headers": "Every answer has `X-Content-Type-Options: nosniff` and `Cache-Control: no-store`",
    "no-body": "A body where none belongs is 400",
    "rate-limit": "Over the limit of a route: 429 with Retry-After. No route starves another, and probes have no limit",
    "bad-gateway": "If Envoy does not answer: 502 with a reason, after 250 ms and 3 retries, or 5 s for stats",
    "token-socket-owner": "A client sends the token to a unix socket only if this user or root owns it",
    "control-uncertain":
      "A control call of which one attempt had no answer may act later, and is reported so, whatever became of the others",
    token: "With a token set, every POST needs it",
    "host-and-origin":
      "Over TCP a POST with a foreign Origin, and any request but a probe with an unknown Host, is 403",
    "refusal-limit": "Requests that are refused with 401 or 403 have a rate limit of their own",
    "admin-paths": "Only the documented paths of Envoy's admin are requested",
    "foreign-text":
      "Text of Envoy, a management server or a metadata endpoint is one line of at most 500 characters, with control characters escaped",
    "foreign-size": "Their answers that are read whole are refused past 4 MB",
    "stats-slots":
      "At most four stats answers are under way on all addresses together, each for a minute; beyond that 503 with Retry-After",
    "probes-first": "Probes and control calls go before stats, and Envoy makes one stats answer at a time",
    "no-upgrade": "A request for an upgrade is answered without it",
    "half-closed": "A client that ends its side of the connection after its request gets the whole answer",
    "connection-limit":
      "A connection beyond the limit replaces the one that has been without a request for the longest time",
    pipelining:
      "Requests that come in one piece are answered in turn with those of other connections; too many end their connection",
    "unread-answers": "An answer of which the client takes nothing for 10 s is cut off",
    "cut-off-told":
      "A reader that is cut off is told in the log: who, which route, for how long, how much; one line a minute",
    "cut-off": "Slow, huge and incomplete requests are cut off and do not block others",
    "scrape-only": "The scrapers' address serves stats and nothing else"
  },
  Logs: {
    "line-format": "Agent lines look like Envoy's",
    "log-file": "Both programs' output goes to the named file of the named folder",
    "log-rotation":
      "The file is rotated at its maximum size, the configured number is kept, and no line is lost or torn",
    "log-retention":
      "The newest rotated files are kept, whatever the clock does, and files that the agent did not make stay",
    "local-relay-log":
      "The local relay's log is the agent's output by its folder /dev alone, or by its file name stdout or stderr alone",
    migrating: "docs/migrating.md lists each difference from the Go agent with its reason and the way back",
    "log-folder-missing":
      "If the folder is missing or read-only, there is a warning, and output stays on stdout and stderr"
  }
} as const

type Chapters = typeof chapters
type KeysOf<T> = T extends unknown ? keyof T : never

/** The name of a rule of any chapter. */
export type RuleName = KeysOf<Chapters[keyof Chapters]>
