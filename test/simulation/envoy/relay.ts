import type { Timeline } from "../engine/types.ts"
import type { ControlPlane, XdsStream } from "./ControlPlane.ts"
import type { EnvoyModel } from "./EnvoyModel.ts"

/** How long a relay tries to connect to its management server. */
const connectTimeout = 5000
const unavailable = 14

/**
 * A control plane as it is seen through a relay's Envoy: that one accepts each stream, and forwards it to the cluster of the real
 * one. `relay` is the Envoy that runs now, if one does; who starts another calls `changed`.
 */
export const throughRelay = ({
  cluster = "appnet_management_cluster",
  listener = "ingress_listener_xds_relay",
  relay,
  timeline,
  upstream
}: {
  readonly cluster?: string
  readonly listener?: string
  readonly relay: () => EnvoyModel | undefined
  readonly timeline: Timeline
  readonly upstream: ControlPlane
}): ControlPlane & { readonly changed: () => void } => {
  const watchers = new Set<() => void>()
  const changed = () => {
    for (const watcher of [...watchers]) watcher()
  }

  return {
    changed,
    reachability: () => {
      const envoy = relay()
      if (envoy === undefined || envoy.exit() !== undefined) return "away"
      const { listeners, process, state } = envoy.truth()
      if (process === "stopped by a signal") return "black hole"
      return state === "LIVE" && listeners.some(({ name, state }) => name === listener && state === "active")
        ? "serving"
        : "away"
    },
    onReachability: (watcher) => {
      watchers.add(watcher)
      return () => watchers.delete(watcher)
    },
    open: (client) => {
      const envoy = relay()
      const connection = envoy?.traffic.connect(listener, "http2")
      let stream: XdsStream | undefined
      let release = () => {}
      let isOpen = true
      const asked: Array<(stream: XdsStream) => void> = []
      const close = () => {
        isOpen = false
        release()
        connection?.close()
        stream?.close()
      }
      const end = (status: number) => {
        if (!isOpen) return
        close()
        client.onEnd(status)
      }
      envoy?.onExit(() => end(unavailable))
      const forward = () => {
        if (!isOpen) return
        if (upstream.reachability() !== "serving") return end(unavailable)
        release = envoy?.traffic.occupy(cluster) ?? release
        stream = upstream.open({ ...client, onEnd: end })
        for (const ask of asked) ask(stream)
      }
      timeline.after(upstream.reachability() === "black hole" ? connectTimeout : 1, forward)
      /** What is asked before the stream is forwarded waits in the relay. */
      const pass = (ask: (stream: XdsStream) => void) => {
        if (stream === undefined) asked.push(ask)
        else ask(stream)
      }
      return {
        request: (kind, names) => pass((one) => one.request(kind, names)),
        reject: (kind) => pass((one) => one.reject(kind)),
        close
      }
    }
  }
}
