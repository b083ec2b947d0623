/** What Envoy has of this process's environment. The token guards the agent's API: Envoy has no use for it. */
export const envoyEnvironment = (): NodeJS.ProcessEnv => {
  const { APPNET_AGENT_ADMIN_TOKEN: _, ...environment } = process.env
  return environment
}
