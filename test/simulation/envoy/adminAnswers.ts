import { adminHelp } from "./adminHelp.ts"
import type { ClusterManager } from "./clusterManager.ts"
import type { CommandLine } from "./commandLine.ts"
import { clustersAnswer, configDumpAnswer, listenersAnswer, memoryAnswer, serverInfoAnswer } from "./dumps.ts"
import type { AdminReply, AdminRequest, ServerState } from "./EnvoyModel.ts"
import type { EnvoyLog } from "./envoyLog.ts"
import type { DrainRequest, ListenerManager } from "./listenerManager.ts"
import type { Loggers } from "./loggers.ts"
import { parseTarget } from "./query.ts"
import type { Stats } from "./stats.ts"
import { prometheusAnswer, statsAnswer } from "./statsAnswers.ts"

const ok: AdminReply = { _tag: "Answer", status: 200, body: "OK\n" }

/** Requests that change something. */
const posts = ["/logging", "/drain_listeners", "/healthcheck/fail", "/healthcheck/ok", "/reopen_logs", "/quitquitquit"]

/** What Envoy answers to each request, which it carries out. */
export const makeAdminAnswers = ({
  clusters,
  drain,
  failHealthChecks,
  line,
  listeners,
  log,
  loggers,
  memory,
  quit,
  settle,
  state,
  stats,
  uptime
}: {
  readonly clusters: ClusterManager
  readonly drain: (request: DrainRequest) => void
  readonly failHealthChecks: (fails: boolean) => void
  readonly line: CommandLine
  readonly listeners: ListenerManager
  readonly log: EnvoyLog
  readonly loggers: () => Loggers
  readonly memory: () => number
  readonly quit: () => void
  /** Brings all stats up to date. */
  readonly settle: () => void
  readonly state: () => ServerState
  readonly stats: Stats
  /** Milliseconds. */
  readonly uptime: () => number
}): ((request: AdminRequest) => AdminReply) => {
  return ({ method, target }) => {
    const { path, query } = parseTarget(target)
    if (posts.includes(path) && method !== "POST") {
      log("error", "admin", `admin path "${target}" mutates state, method=${method} rather than POST`)
      return { _tag: "Answer", status: 405, body: `Method ${method} not allowed, POST required.` }
    }
    switch (path) {
      case "/ready": {
        const now = state()
        return { _tag: "Answer", status: now === "LIVE" ? 200 : 503, body: `${now}\n` }
      }
      case "/stats":
        settle()
        return statsAnswer(stats, query)
      case "/stats/prometheus":
        settle()
        return prometheusAnswer(stats, query)
      case "/logging":
        return loggers().answer(query)
      case "/drain_listeners":
        drain({
          graceful: query.has("graceful"),
          skipExit: query.has("skip_exit"),
          inboundOnly: query.has("inboundonly")
        })
        return ok
      case "/healthcheck/fail":
        failHealthChecks(true)
        return ok
      case "/healthcheck/ok":
        failHealthChecks(false)
        return ok
      case "/reopen_logs":
        return ok
      case "/quitquitquit":
        quit()
        return ok
      case "/server_info":
        return serverInfoAnswer(line, { level: line.level, state: state(), uptime: uptime() })
      case "/config_dump":
        settle()
        return configDumpAnswer(
          { clusters: clusters.list(), listeners: listeners.list(), problems: listeners.problems() },
          query
        )
      case "/listeners":
        return listenersAnswer(listeners.list(), query)
      case "/clusters":
        return clustersAnswer(clusters.list())
      case "/memory":
        return memoryAnswer(memory())
      case "/certs":
        return { _tag: "Answer", status: 200, body: '{\n "certificates": []\n}\n' }
      case "/init_dump":
        return { _tag: "Answer", status: 200, body: "{}\n" }
      case "/hot_restart_version":
        return { _tag: "Answer", status: 200, body: line.isHotRestartDisabled ? "disabled" : "11.104" }
      default:
        return { _tag: "Answer", status: 404, body: adminHelp }
    }
  }
}
