// The files that recorded cases have outside of their own folder: /tmp/sampling-rules.json.
import { rmSync } from "node:fs"
import net from "node:net"
import { eventually } from "../e2e/agent.ts"

/** A name in Linux's abstract socket namespace. The kernel frees it when the process that holds it ends. */
const lockName = "\0appnet-agent-parity-side-files"

const tryLock = () =>
  new Promise<net.Server | undefined>((resolve, reject) => {
    const lock = net.createServer()
    lock.once("error", (error: NodeJS.ErrnoException) =>
      error.code === "EADDRINUSE" ? resolve(undefined) : reject(error)
    )
    lock.listen(lockName, () => resolve(lock))
  })

/**
 * Runs `use` without these files, and removes those that it made. Only one process of the machine does so at a time, so that
 * two runs of the tests do not see each other's files.
 */
export const withSideFiles = async <A>(paths: ReadonlyArray<string>, use: () => Promise<A>): Promise<A> => {
  if (paths.length === 0) return use()
  const remove = () => {
    for (const path of paths) rmSync(path, { force: true })
  }
  const lock = await eventually(tryLock, "the lock on the side files", 60)
  try {
    remove()
    return await use()
  } finally {
    remove()
    await new Promise((done) => lock.close(done))
  }
}
