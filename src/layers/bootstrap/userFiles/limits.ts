// Limits on files of the user. Without them, a broken or hostile file would cost seconds and hundreds of megabytes.

/** Bytes of a file that the agent parses as a whole: YAML files to be merged, X-Ray sampling rules. */
export const maximumFileBytes = 524_288

/** Bytes of `ENVOY_CONFIG_FILE`. Envoy parses it; the agent looks for the admin address only. */
export const maximumCustomBootstrapBytes = 8 * 1024 * 1024

/** Bytes of a certificate, a key or a token. The largest bundles of trusted roots have some hundred kilobytes. */
export const maximumCredentialBytes = 8 * 1024 * 1024

/** YAML collections inside each other. Envoy's own messages nest about a dozen deep. */
export const maximumYamlDepth = 100

/** YAML tokens. The parser needs almost a kilobyte for each. */
export const maximumYamlTokens = 200_000

/** Values of a YAML document after all aliases are expanded. */
export const maximumYamlValues = 500_000
