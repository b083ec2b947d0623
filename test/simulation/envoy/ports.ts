/** Who listens at which address of the host: `127.0.0.1:9901`, or the path of a socket. */
export interface Ports {
  /** False where somebody else has the port. A socket file is replaced. */
  readonly claim: (address: string, owner: object) => boolean
  readonly release: (address: string, owner: object) => void
  readonly ownerOf: (address: string) => object | undefined
}

const wildcard = /^(?:0\.0\.0\.0|\[::\]):/

/** Two addresses of one port meet where they are the same, or one of them is all addresses. */
const meets = (a: string, b: string) => {
  if (a === b) return true
  if (!a.includes(":") || !b.includes(":")) return false
  const samePort = a.slice(a.lastIndexOf(":")) === b.slice(b.lastIndexOf(":"))
  return samePort && (wildcard.test(a) || wildcard.test(b))
}

export const makePorts = (): Ports => {
  const owners = new Map<string, object>()
  return {
    claim: (address, owner) => {
      if (!address.startsWith("/")) {
        for (const [other, holder] of owners) if (holder !== owner && meets(address, other)) return false
      }
      owners.set(address, owner)
      return true
    },
    release: (address, owner) => {
      if (owners.get(address) === owner) owners.delete(address)
    },
    ownerOf: (address) => owners.get(address)
  }
}
