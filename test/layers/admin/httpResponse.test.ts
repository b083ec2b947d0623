import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { makeResponseReader } from "../../../src/layers/admin/httpResponse.ts"
import { partsOf } from "../stats/generate.ts"

const Sizes = Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 60 }))).check(Schema.isMaxLength(5))
const Chunks = Schema.Array(Schema.Literals(["a", "bb\r\n", "0\r\n\r\n", "x".repeat(300), "é"]))

const read = (text: string, sizes: ReadonlyArray<number>) => {
  const reader = makeResponseReader()
  let body = ""
  for (const part of partsOf(text, sizes)) {
    const { pieces, problem } = reader.push(part)
    if (problem !== undefined) return { problem }
    for (const piece of pieces) body += Buffer.from(piece).toString("latin1")
  }
  return {
    status: reader.head()?.status,
    body: Buffer.from(body, "latin1").toString(),
    complete: reader.isComplete(false),
    completeWhenClosed: reader.isComplete(true)
  }
}

const chunked = (chunks: ReadonlyArray<string>) =>
  [...chunks, ""]
    .map((chunk) => `${Buffer.byteLength(chunk).toString(16)};x=y\r\n${chunk}${chunk === "" ? "" : "\r\n"}`)
    .join("")

describe("an answer of HTTP", () => {
  it.prop(
    "is read the same, chunked or of a known length, wherever its parts end",
    { chunks: Chunks, sizes: Sizes },
    ({ chunks, sizes }) => {
      const body = chunks.join("")
      const whole = { status: 200, body, complete: true, completeWhenClosed: true }
      const head = "HTTP/1.1 200 OK\r\nServer: envoy\r\n"
      assert.deepStrictEqual(
        read(`${head}Transfer-Encoding: Chunked\r\n\r\n${chunked(chunks)}x: trailer\r\n\r\n`, sizes),
        whole
      )
      assert.deepStrictEqual(read(`${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`, sizes), whole)
      assert.deepStrictEqual(read(`${head}\r\n${body}`, sizes), { ...whole, complete: false })
    }
  )

  it("is not complete before its end", () => {
    for (const text of [
      "HTTP/1.1 200 OK\r\n",
      "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nabc",
      `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc`
    ]) {
      assert.deepInclude(read(text, [9]), { complete: false, completeWhenClosed: false })
    }
  })

  it("is refused where it is none", () => {
    assert.deepStrictEqual(read("garbage\r\n\r\n", [3]), { problem: "no answer in HTTP" })
    const chunky = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
    assert.deepStrictEqual(read(`${chunky}zz\r\n`, [3]), { problem: "a chunk without a size" })
    assert.deepStrictEqual(read(`${chunky}1\r\nabc`, [100]), { problem: "a chunk that is longer than its size" })
    assert.deepStrictEqual(read(`HTTP/1.1 200 OK\r\n${"x".repeat(70_000)}`, [100]), { problem: "an endless header" })
  })
})
