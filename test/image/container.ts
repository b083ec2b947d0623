// Runs an image's file tree as a container runtime does: in new namespaces, as the image's user, with its environment and a
// given set of capabilities. Needs root.
import { type ChildProcess, spawn } from "node:child_process"
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs"
import { onTestFinished } from "vitest"
import { eventually, privateFolder } from "../e2e/agent.ts"
import type { BuiltImage } from "./buildImage.ts"

/** Docker's default capabilities. */
export const defaultCapabilities: ReadonlyArray<string> = [
  ..."chown dac_override fowner fsetid kill setgid setuid setpcap net_bind_service".split(" "),
  ..."net_raw sys_chroot mknod audit_write setfcap".split(" ")
]

export interface ContainerOptions {
  readonly environment?: Readonly<Record<string, string>>
  readonly capabilities?: ReadonlyArray<string>
  readonly noNewPrivileges?: boolean
  /** Whether all but /tmp and the mounts is read-only. */
  readonly readOnly?: boolean
  /** Folders of this machine, by their path in the container. */
  readonly mounts?: Readonly<Record<string, string>>
  /** Replaces the image's command. */
  readonly command?: ReadonlyArray<string>
  /** Replaces the image's entrypoint. */
  readonly entrypoint?: ReadonlyArray<string>
}

export interface Finished {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface Container {
  /** The host's id of the container's process 1; 0 if it has ended already. */
  readonly init: number
  /** The host's path of the container's /tmp. */
  readonly tmp: string
  readonly output: () => string
  readonly exited: Promise<Finished>
  /** Runs a command in the container, like `docker exec`. */
  readonly exec: (words: ReadonlyArray<string>) => Promise<Finished>
  /** The host's ids of the container's processes. */
  readonly processes: () => ReadonlyArray<number>
}

const setup = `
set -eu
tree=$1 tmp=$2 mode=$3
shift 3
mount --make-rprivate /
mount --bind "$tree" "$tree"
mount -t proc proc "$tree/proc"
mount -t tmpfs -o mode=755 tmpfs "$tree/dev"
for device in null zero full random urandom; do
  : > "$tree/dev/$device"
  mount --bind "/dev/$device" "$tree/dev/$device"
done
mkdir -m 1777 "$tree/dev/shm"
mount -t tmpfs -o mode=1777 tmpfs "$tree/dev/shm"
ln -s /proc/self/fd "$tree/dev/fd"
for pair in stdin:0 stdout:1 stderr:2; do ln -s "/proc/self/fd/\${pair#*:}" "$tree/dev/\${pair%:*}"; done
mount --bind "$tmp" "$tree/tmp"
while [ "$1" != -- ]; do
  # Resolves links within the tree, such as /var/run to /run.
  place=$(chroot "$tree" realpath -m "$2")
  mkdir -p "$tree$place"
  mount --bind "$1" "$tree$place"
  shift 2
done
shift
ip link set lo up
[ "$mode" = rw ] || mount -o remount,bind,ro "$tree"
exec "$@"
`

const collected = (child: ChildProcess): Promise<Finished> & { readonly output: () => string } => {
  let stdout = ""
  let stderr = ""
  child.stdout?.on("data", (part: Buffer) => {
    stdout += part.toString("latin1")
  })
  child.stderr?.on("data", (part: Buffer) => {
    stderr += part.toString("latin1")
  })
  const finished = new Promise<Finished>((resolve) => child.once("close", (code) => resolve({ code, stdout, stderr })))
  return Object.assign(finished, { output: () => stdout + stderr })
}

const childOf = (pid: number): number | undefined => {
  const path = `/proc/${pid}/task/${pid}/children`
  const [child] = existsSync(path) ? readFileSync(path, "utf8").split(" ") : []
  return child === undefined || child === "" ? undefined : Number(child)
}

const namespaceOf = (pid: string) => {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`)
  } catch {
    return undefined
  }
}

export const startContainer = async (
  { config, root }: BuiltImage,
  {
    capabilities = defaultCapabilities,
    command = config.command,
    entrypoint = config.entrypoint,
    environment = {},
    mounts = {},
    noNewPrivileges = false,
    readOnly = false
  }: ContainerOptions = {}
): Promise<Container> => {
  const tmp = `${privateFolder()}/tmp`
  mkdirSync(tmp)
  chmodSync(tmp, 0o1777)
  // Every container runtime writes this file.
  writeFileSync(`${root}/etc/hosts`, "127.0.0.1 localhost\n::1 localhost\n")
  const [user = "", group = ""] = config.user.split(":")
  const env = { ...config.environment, HOME: "/nonexistent", ...environment }
  const asUser = [
    ...["/usr/bin/setpriv", "--reuid", user, "--regid", group, "--clear-groups", "--inh-caps", "-all"],
    ...["--bounding-set", ["-all", ...capabilities.map((name) => `+${name}`)].join(",")],
    ...(noNewPrivileges ? ["--no-new-privs"] : []),
    "--"
  ]
  const child = spawn(
    "unshare",
    [
      ..."--mount --net --pid --ipc --uts --fork sh -c".split(" "),
      ...[setup, "container", root, tmp, readOnly ? "ro" : "rw"],
      ...Object.entries(mounts).flatMap(([place, folder]) => [folder, place]),
      ...["--", "chroot", root, ...asUser, ...entrypoint, ...command]
    ],
    // The set-up script finds its tools on the image's PATH, which is Debian's default.
    { env, stdio: ["ignore", "pipe", "pipe"] }
  )
  const exited = collected(child)
  const outer = child.pid ?? 0
  onTestFinished(async () => {
    // When process 1 ends, the kernel kills all other processes of its namespace.
    const first = child.exitCode === null ? childOf(outer) : undefined
    if (first !== undefined) process.kill(first, "SIGKILL")
    await exited
  })
  // Process 1 is the set-up script first and then executes the entrypoint, which may end before this loop sees it.
  const [init, namespace] = await eventually(() => {
    if (child.exitCode !== null) return [0, ""] as const
    const pid = childOf(outer)
    const program = pid === undefined ? "" : readlinkSync(`/proc/${pid}/exe`)
    return program.startsWith(`${root}/`) && !program.endsWith("/setpriv") && !program.endsWith("/chroot")
      ? ([pid ?? 0, readlinkSync(`/proc/${pid}/ns/pid`)] as const)
      : undefined
  }, "process 1 of the container").catch((error) => {
    throw new Error(`${error.message}\n${exited.output()}`)
  })
  return {
    init,
    tmp,
    output: exited.output,
    exited,
    exec: (words) =>
      collected(
        spawn(
          "nsenter",
          [..."--mount --net --pid --ipc --uts --root --wd --target".split(" "), `${init}`, ...asUser, ...words],
          { env, stdio: ["ignore", "pipe", "pipe"] }
        )
      ),
    processes: () =>
      readdirSync("/proc")
        .filter((name) => /^\d+$/.test(name) && namespaceOf(name) === namespace)
        .map(Number)
  }
}
