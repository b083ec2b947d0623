#!/usr/bin/env node
// A stand-in for an Envoy at log level trace. Once the file NOISE_START exists, it prints lines for NOISE_SECONDS as fast as
// they are read. It then writes to NOISE_RESULT how many bytes it printed, and in how many milliseconds.
import { existsSync, writeFileSync, writeSync } from "node:fs"

if (process.argv[2] === "--version") {
  console.log("envoy  version: 0/1.40.0/Clean/RELEASE/BoringSSL")
  process.exit(0)
}
const { NOISE_RESULT = "", NOISE_SECONDS = "", NOISE_START = "" } = process.env
const line =
  '[2026-01-31 12:00:00.123][17][trace][http] [source/common/http/http1/codec_impl.cc:712] [Tags: "ConnectionId":"4711"] parsed 1024 bytes\n'
const chunk = Buffer.from(line.repeat(Math.floor(4096 / line.length)))

const printLines = () => {
  const began = performance.now()
  let bytes = 0
  while (performance.now() - began < Number(NOISE_SECONDS) * 1000) bytes += writeSync(2, chunk)
  writeFileSync(NOISE_RESULT, `${bytes} ${performance.now() - began}`)
}

const poll = setInterval(() => {
  if (!existsSync(NOISE_START)) return
  clearInterval(poll)
  printLines()
  setInterval(() => {}, 1e9)
}, 50)
