import type { ChildProcess } from "node:child_process"
import { Deferred, Effect, Layer, Option, Result, Scope } from "effect"
import { Bootstrap, BootstrapFile } from "../services/Bootstrap.ts"
import { Config } from "../services/Config.ts"
import { EnvoyBinary } from "../services/EnvoyBinary.ts"
import { EnvoyLauncher, EnvoyLaunchFailed, type LaunchedEnvoy, type ProcessExit } from "../services/EnvoyLauncher.ts"
import { EnvoyOutput } from "../services/EnvoyOutput.ts"
import { EnvoyRole } from "../services/EnvoyRole.ts"
import { envoyArguments, hotRestartArguments } from "./process/envoyArguments.ts"
import { parseProcStat } from "./process/procStat.ts"
import { holdsNetAdmin, type Wrapper, wrapperCandidates } from "./process/wrapper.ts"

const fs = process.getBuiltinModule("node:fs")
const { execFile, spawn } = process.getBuiltinModule("node:child_process")
const { constants } = process.getBuiltinModule("node:os")

/** Linux's on every machine that Envoy is built for, but for some arm64 kernels with larger pages. */
const pageSize = 4096

const readText = (path: string) => Effect.option(Effect.try(() => fs.readFileSync(path, "latin1")))

const works = (wrapper: Wrapper) =>
  Effect.callback<boolean>((resume) => {
    const [command = "", ...words] = wrapper
    const answer = (works: boolean) => resume(Effect.succeed(works))
    // Node throws where the kernel refuses to start a program (EPERM), and calls back where there is none.
    const started = Result.try(() =>
      execFile(command, [...words, "true"], { timeout: 2000 }, (error) => answer(error === null))
    )
    if (Result.isFailure(started)) answer(false)
  })

/** The best wrapper that this machine allows: tried once, with one warning where the best of all does not work. */
const chooseWrapper = Effect.gen(function* () {
  const status = yield* readText("/proc/self/status")
  const netAdmin = Option.isSome(status) && holdsNetAdmin(status.value, process.getuid?.() ?? 0)
  const candidates = wrapperCandidates(netAdmin)
  for (const [rank, wrapper] of candidates.entries()) {
    if (!(yield* works(wrapper))) continue
    if (netAdmin && rank > 0) yield* Effect.logWarning("setpriv cannot hand NET_ADMIN on: Envoy runs without it")
    return wrapper
  }
  yield* Effect.logWarning(
    "setpriv does not work here: Envoy would outlive an agent that is killed with SIGKILL" +
      (netAdmin ? ", and runs without NET_ADMIN" : "")
  )
  return []
})

/** A base id whose shared memory no Envoy of this host holds. */
const freeBaseId = Effect.sync(() => {
  let id = process.pid
  while (fs.existsSync(`/dev/shm/envoy_shared_memory_${id * 10}`)) id += 1
  return id
})

const toExit = (code: number | null, signal: NodeJS.Signals | null): ProcessExit =>
  signal === null
    ? { _tag: "Code", code: code ?? 0 }
    : { _tag: "Signal", name: signal, number: constants.signals[signal] }

const isGone = (child: ChildProcess) => child.exitCode !== null || child.signalCode !== null

const send = (child: ChildProcess, name: "SIGTERM" | "SIGKILL") =>
  Effect.sync(() => {
    if (!isGone(child)) child.kill(name)
  })

/** Looks at a process many times a second, so its file stays open; at its end a look finds nothing. */
const samplerOf = Effect.fnUntraced(function* (pid: number) {
  const buffer = Buffer.alloc(1024)
  const descriptor = yield* Effect.acquireRelease(
    Effect.option(Effect.try(() => fs.openSync(`/proc/${pid}/stat`, "r"))),
    Option.match({ onNone: () => Effect.void, onSome: (open) => Effect.sync(() => fs.closeSync(open)) })
  )
  return Option.match(descriptor, {
    onNone: () => Effect.succeedNone,
    onSome: (open) =>
      Effect.try(() => buffer.toString("latin1", 0, fs.readSync(open, buffer, 0, buffer.length, 0))).pipe(
        Effect.map((text) => parseProcStat(text, pageSize)),
        Effect.catch(() => Effect.succeedNone)
      )
  })
})

export const EnvoyLauncherLive = Layer.effect(
  EnvoyLauncher,
  Effect.gen(function* () {
    const { settings } = yield* Config
    const binary = yield* EnvoyBinary
    const output = yield* EnvoyOutput
    const bootstrap = yield* BootstrapFile
    const { admin } = yield* Bootstrap
    const role = yield* EnvoyRole
    // Envoy leaves its sockets behind.
    for (const path of [
      ...(admin._tag === "Unix" ? [admin.path] : []),
      ...(settings.APPNET_ENABLE_RELAY_MODE_FOR_XDS ? [settings.APPNET_RELAY_LISTENER_UDS_PATH] : [])
    ]) {
      yield* Effect.addFinalizer(() => Effect.sync(() => fs.rmSync(path, { force: true })))
    }
    const scope = yield* Effect.scope
    // Asked once for all starts, while the layers above this one are still being built.
    const ground = yield* Effect.cached(
      Effect.all(
        {
          path: binary.path,
          wrapper: chooseWrapper,
          baseId: freeBaseId
        },
        { concurrency: "unbounded" }
      ).pipe(Scope.provide(scope))
    )
    yield* Effect.forkScoped(Effect.ignore(ground))
    // The token guards the agent's API: Envoy and what it starts have no use for it.
    const { APPNET_AGENT_ADMIN_TOKEN: _, ...environment } = process.env

    const launch = Effect.gen(function* () {
      const { path, wrapper, baseId } = yield* ground
      const { stdout, stderr } = yield* Effect.mapError(
        output.open,
        (error) => new EnvoyLaunchFailed({ path, problem: error.message })
      )
      const [command = path, ...words] = [
        ...wrapper,
        path,
        ...envoyArguments(settings, bootstrap.path, role),
        ...hotRestartArguments(settings, baseId, role)
      ]
      const exit = yield* Deferred.make<ProcessExit>()
      const child = yield* Effect.acquireRelease(
        Effect.callback<ChildProcess, EnvoyLaunchFailed>((resume) => {
          // A session of its own: Ctrl-C on a terminal reaches the agent alone, which then drains.
          const child = spawn(command, words, { stdio: ["ignore", stdout, stderr], env: environment, detached: true })
          child.once("spawn", () => resume(Effect.succeed(child)))
          child.once("error", (error) => resume(Effect.fail(new EnvoyLaunchFailed({ path, problem: error.message }))))
          child.once("exit", (code, signal) => Deferred.doneUnsafe(exit, Effect.succeed(toExit(code, signal))))
        }),
        (child) => Effect.andThen(send(child, "SIGKILL"), Deferred.await(exit))
      )
      const pid = child.pid ?? 0
      return {
        pid,
        exit: Deferred.await(exit),
        signal: (name) => send(child, name),
        sample: yield* samplerOf(pid)
      } satisfies LaunchedEnvoy
    })

    return EnvoyLauncher.of({ launch })
  })
)
