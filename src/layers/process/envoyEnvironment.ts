/**
 * Variables that Envoy does not inherit. The token protects the agent's API, and the image tunes the C library's allocator for the
 * agent alone.
 */
const agentOnly: ReadonlySet<string> = new Set([
  "APPNET_AGENT_ADMIN_TOKEN",
  "MALLOC_ARENA_MAX",
  "MALLOC_MMAP_THRESHOLD_",
  "MALLOC_TRIM_THRESHOLD_"
])

/** The environment that Envoy is started with. */
export const envoyEnvironment = (): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !agentOnly.has(name)))
