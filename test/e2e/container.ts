// Runs an image's tree as a container runtime does: namespaces of its own, the image's user and environment, a given set of
// capabilities. Needs root, as a container runtime does.
import { type ChildProcess, execFileSync, spawn } from "node:child_process"
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs"
import { onTestFinished } from "vitest"
import { eventually, privateFolder } from "./agent.ts"
import type { BuiltImage } from "./dockerfile.ts"

/** What Docker leaves to a container. */
export const usualCapabilities: ReadonlyArray<string> = [
  ..."chown dac_override fowner fsetid kill setgid setuid setpcap net_bind_service".split(" "),
  ..."net_raw sys_chroot mknod audit_write setfcap".split(" ")
]

export interface ContainerOptions {
  readonly environment?: Readonly<Record<string, string>>
  readonly capabilities?: ReadonlyArray<string>
  readonly noNewPrivileges?: boolean
  /** Only /tmp and the mounts can be written. */
  readonly readOnly?: boolean
  /** Folders of this machine, by their place in the container. */
  readonly mounts?: Readonly<Record<string, string>>
  /** In the place of the image's command. */
  readonly command?: ReadonlyArray<string>
}

export interface Finished {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface Container {
  /** Process 1 of the container, as seen from here; 0 where it has ended already. */
  readonly init: number
  /** What is in the container's /tmp. */
  readonly tmp: string
  readonly output: () => string
  readonly exited: Promise<Finished>
  /** Like `docker exec`. */
  readonly exec: (words: ReadonlyArray<string>) => Promise<Finished>
  /** The processes of the container, as seen from here. */
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
  # Links on the way lead within the tree, as /var/run to /run.
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

/** Says what is missing, since without it the image is not tested at all. */
export const requireRuntime = (): void => {
  if (process.getuid?.() !== 0)
    throw new Error("the image's tests mount, chroot and set file capabilities: run as root")
  for (const tool of ["unshare", "nsenter", "setpriv", "mount", "chroot", "ip", "tini", "setcap", "dpkg"]) {
    try {
      execFileSync("sh", ["-c", `PATH="$PATH:/usr/sbin:/sbin" command -v ${tool}`], { stdio: "ignore" })
    } catch {
      throw new Error(
        `the image's tests need ${tool}: apt-get install -y util-linux iproute2 tini libcap2-bin ca-certificates`
      )
    }
  }
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
    capabilities = usualCapabilities,
    command = config.command,
    environment = {},
    mounts = {},
    noNewPrivileges = false,
    readOnly = false
  }: ContainerOptions = {}
): Promise<Container> => {
  const tmp = `${privateFolder()}/tmp`
  mkdirSync(tmp)
  chmodSync(tmp, 0o1777)
  // Every runtime gives one.
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
      ...["--", "chroot", root, ...asUser, ...config.entrypoint, ...command]
    ],
    // The set-up finds its tools by the same PATH, which is every Debian's.
    { env, stdio: ["ignore", "pipe", "pipe"] }
  )
  const exited = collected(child)
  const outer = child.pid ?? 0
  onTestFinished(async () => {
    // With process 1 the kernel ends them all.
    const first = child.exitCode === null ? childOf(outer) : undefined
    if (first !== undefined) process.kill(first, "SIGKILL")
    await exited
  })
  // The set-up is process 1 until it has become the entrypoint, which may end before it is seen.
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
