// The files that recorded bootstraps name outside of a case's folder: /tmp/sampling-rules.json.
import { rmSync } from "node:fs"
import net from "node:net"
import { eventually } from "../e2e/agent.ts"

/** Linux frees a name in the abstract namespace when its holder ends, however it ends. */
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
 * Runs `use` with these files absent at its begin, and removes them at its end. One caller at a time on this machine, so
 * that two runs of the tests do not see each other's files.
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
