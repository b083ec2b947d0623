#!/usr/bin/env node
// A stand-in for an Envoy at level trace: once the file NOISE_START is there it prints lines as fast as they are taken, for
// NOISE_SECONDS, and then writes to NOISE_RESULT how many bytes went out in how many milliseconds.
import { existsSync, writeFileSync, writeSync } from "node:fs"

if (process.argv[2] === "--version") {
  console.log("envoy  version: 0/1.40.0/Clean/RELEASE/BoringSSL")
  process.exit(0)
}
const { NOISE_RESULT, NOISE_SECONDS, NOISE_START } = process.env
const line =
  '[2026-01-31 12:00:00.123][17][trace][http] [source/common/http/http1/codec_impl.cc:712] [Tags: "ConnectionId":"4711"] parsed 1024 bytes\n'
const piece = Buffer.from(line.repeat(Math.floor(4096 / line.length)))

const flood = () => {
  const began = performance.now()
  let bytes = 0
  while (performance.now() - began < Number(NOISE_SECONDS) * 1000) bytes += writeSync(2, piece)
  writeFileSync(NOISE_RESULT, `${bytes} ${performance.now() - began}`)
}

const waiting = setInterval(() => {
  if (!existsSync(NOISE_START)) return
  clearInterval(waiting)
  flood()
  setInterval(() => {}, 1e9)
}, 50)
