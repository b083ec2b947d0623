/** Where distributions keep the roots that they trust, in the order in which they are looked for. */
export const usualBundles = [
  "/etc/pki/tls/cert.pem",
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/ssl/cert.pem"
] as const
