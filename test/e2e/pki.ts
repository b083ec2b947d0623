// Certificate authorities for tests.
import { generateKeyPairSync, randomBytes } from "node:crypto"
import { writeFileSync } from "node:fs"
import forge from "node-forge"

const hour = 3_600_000

export interface Issued {
  readonly certificate: string
  readonly key: string
  /** Paths of files with the same contents. */
  readonly certificateFile: string
  readonly keyFile: string
}

export interface Authority {
  /** Path of the authority's own certificate, for settings that name trusted roots. */
  readonly bundle: string
  readonly certificate: string
  /** Issues a certificate for these DNS names, for use by servers and clients. */
  readonly issue: (options: {
    readonly names: ReadonlyArray<string>
    readonly expired?: boolean
    /** Seconds for which it is valid from now on; a day unless given. */
    readonly lasts?: number
    readonly as?: string
  }) => Issued
}

const newKey = () => {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 })
  const pem = privateKey.export({ type: "pkcs8", format: "pem" }).toString()
  const own = forge.pki.privateKeyFromPem(pem)
  return { pem, own, open: forge.pki.setRsaPublicKey(own.n, own.e) }
}

const blank = (open: forge.pki.rsa.PublicKey, name: string) => {
  const certificate = forge.pki.createCertificate()
  certificate.publicKey = open
  certificate.serialNumber = `01${randomBytes(8).toString("hex")}`
  certificate.validity.notBefore = new Date(Date.now() - 2 * hour)
  certificate.validity.notAfter = new Date(Date.now() + 24 * hour)
  certificate.setSubject([{ name: "commonName", value: name }])
  return certificate
}

/** Makes a new authority. It writes its files to `folder`, with `name` at the start of their names. */
export const authorityIn = (folder: string, name = "ca"): Authority => {
  const root = newKey()
  const certificate = blank(root.open, `${name} of a test`)
  certificate.setIssuer(certificate.subject.attributes)
  certificate.setExtensions([
    { name: "basicConstraints", cA: true, critical: true },
    { name: "keyUsage", keyCertSign: true, critical: true }
  ])
  certificate.sign(root.own, forge.md.sha256.create())
  const bundle = `${folder}/${name}.pem`
  const text = forge.pki.certificateToPem(certificate)
  writeFileSync(bundle, text)
  return {
    bundle,
    certificate: text,
    issue: ({ as = "leaf", expired = false, lasts, names }) => {
      const key = newKey()
      const leaf = blank(key.open, names[0] ?? "nobody")
      if (lasts !== undefined) leaf.validity.notAfter = new Date(Date.now() + lasts * 1000)
      if (expired) leaf.validity.notAfter = new Date(Date.now() - hour)
      leaf.setIssuer(certificate.subject.attributes)
      leaf.setExtensions([
        { name: "extKeyUsage", serverAuth: true, clientAuth: true },
        { name: "subjectAltName", altNames: names.map((value) => ({ type: 2, value })) }
      ])
      leaf.sign(root.own, forge.md.sha256.create())
      const issued = {
        certificate: forge.pki.certificateToPem(leaf),
        key: key.pem,
        certificateFile: `${folder}/${name}-${as}.crt`,
        keyFile: `${folder}/${name}-${as}.key`
      }
      writeFileSync(issued.certificateFile, issued.certificate)
      writeFileSync(issued.keyFile, issued.key, { mode: 0o600 })
      return issued
    }
  }
}
