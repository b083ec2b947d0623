const carriageReturn = 13
const newLine = 10
const longestHead = 64 * 1024

/** Status and headers of a response. */
export interface Head {
  readonly status: number
  /** By lower-case name. */
  readonly headers: ReadonlyMap<string, string>
}

/** Parses an HTTP/1.1 response as it arrives, without copying its body. */
export interface ResponseReader {
  /** The parts of the body in these bytes, as views of them, and what is wrong with the response. */
  readonly push: (bytes: Uint8Array) => { readonly pieces: ReadonlyArray<Uint8Array>; readonly problem?: string }
  readonly head: () => Head | undefined
  /** Whether the response is complete. `closed`: the server has ended the connection. */
  readonly isComplete: (closed: boolean) => boolean
}

const readHead = (text: string): Head | undefined => {
  const [first = "", ...lines] = text.split("\r\n")
  const [, status] = /^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(first) ?? []
  if (status === undefined) return undefined
  const headers = lines.map((line): readonly [string, string] => {
    const colon = line.indexOf(":")
    return [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()]
  })
  return { status: Number(status), headers: new Map(headers) }
}

/**
 * Makes a parser for the one response of a connection. Node's own client allocates a buffer for each piece, and the garbage
 * collector lets them pile up to more than the whole body.
 */
export const makeResponseReader = (): ResponseReader => {
  let head: Head | undefined
  let text = ""
  /** Bytes that are missing of the body or chunk; undefined where the body ends with the connection. */
  let left: number | undefined
  let state: "head" | "body" | "size" | "chunk" | "after chunk" | "trailers" | "end" = "head"

  const begin = () => {
    head = readHead(text)
    text = ""
    if (head === undefined) return "no answer in HTTP"
    if (/chunked/i.test(head.headers.get("transfer-encoding") ?? "")) state = "size"
    else {
      const length = head.headers.get("content-length")
      left = length === undefined ? undefined : Number(length)
      state = left === 0 ? "end" : "body"
    }
    return undefined
  }

  /** Adds a byte to the current line. True at the end of the line. */
  const isLineEnd = (byte: number) => {
    if (byte === newLine) return true
    if (byte !== carriageReturn) text += String.fromCharCode(byte)
    return false
  }

  const push: ResponseReader["push"] = (bytes) => {
    const pieces: Array<Uint8Array> = []
    let at = 0
    while (at < bytes.length) {
      switch (state) {
        case "head": {
          text += String.fromCharCode(bytes[at] ?? 0)
          at += 1
          if (text.length > longestHead) return { pieces, problem: "an endless header" }
          if (!text.endsWith("\r\n\r\n")) break
          text = text.slice(0, -4)
          const problem = begin()
          if (problem !== undefined) return { pieces, problem }
          break
        }
        case "body":
        case "chunk": {
          const end = left === undefined ? bytes.length : Math.min(bytes.length, at + left)
          pieces.push(bytes.subarray(at, end))
          if (left !== undefined) left -= end - at
          at = end
          if (left === 0) state = state === "chunk" ? "after chunk" : "end"
          break
        }
        case "size": {
          const byte = bytes[at] ?? 0
          at += 1
          if (!isLineEnd(byte)) {
            if (text.length > 64) return { pieces, problem: "a chunk without a size" }
            break
          }
          const [, size] = /^([0-9a-f]{1,8})\s*(?:;.*)?$/i.exec(text) ?? []
          text = ""
          if (size === undefined) return { pieces, problem: "a chunk without a size" }
          left = Number.parseInt(size, 16)
          state = left === 0 ? "trailers" : "chunk"
          break
        }
        case "after chunk":
          if (bytes[at] === newLine) state = "size"
          else if (bytes[at] !== carriageReturn) return { pieces, problem: "a chunk that is longer than its size" }
          at += 1
          break
        case "trailers":
          if (isLineEnd(bytes[at] ?? 0)) {
            if (text === "") state = "end"
            text = ""
          }
          at += 1
          break
        case "end":
          return { pieces }
      }
    }
    return { pieces }
  }

  return {
    push,
    head: () => head,
    isComplete: (closed) => state === "end" || (closed && state === "body" && left === undefined)
  }
}
