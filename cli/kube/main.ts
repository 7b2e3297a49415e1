#!/usr/bin/env node
import process from 'node:process'
import { runProgram } from '../program.ts'
import { progressLine, sink } from '../terminal.ts'
import { kubeProgram } from './kube-program.ts'

process.stdout.on('error', error => {
  if ('code' in error && error.code === 'EPIPE') process.exit()
  throw error
})

const err = sink(process.stderr, process.env)
const outside = {
  out: sink(process.stdout, process.env),
  err,
  input: process.stdin,
  env: process.env,
  progress: progressLine(err),
}
process.exitCode = await runProgram(process.argv.slice(2), outside, kubeProgram)
