import { Counter, Gauge, Registry as Prometheus } from 'prom-client'
import { PARTS, type Part } from './health.js'
import { RequestDurations } from './request-durations.js'
import type { Source } from './source.js'

/** What `/metrics` tells, in Prometheus' text format. */
export interface Metrics {
  readonly registry: Prometheus
  /** Failures beside answering: of loading, fetching, the outbox, the file of tokens. */
  readonly failures: Counter<'part'>
  /** How often the branch was moved to where older versions got other numbers. */
  readonly rewrites: Counter
  readonly requests: RequestDurations
  /** Deliveries that wait in the outbox. */
  readonly outbox: Gauge
}

/** The metrics of one server; what is known of the source is asked when somebody looks. */
export function createMetrics(source: Source, now: () => number): Metrics {
  const registry = new Prometheus()
  const registers = [registry]
  const failures = new Counter({
    name: 'promptctl_failures_total',
    help: 'Failures beside answering requests, by part: load, fetch, outbox, tokens.',
    labelNames: ['part'] as const,
    registers,
  })
  for (const part of PARTS) failures.inc({ part } satisfies { part: Part }, 0)
  const rewrites = new Counter({
    name: 'promptctl_history_rewrites_total',
    help: 'How often the history was rewritten, so that older versions may have other numbers.',
    registers,
  })
  const requests = new RequestDurations(registers)
  const outbox = new Gauge({ name: 'promptctl_outbox_deliveries', help: 'Webhook deliveries that wait.', registers })
  addSnapshotGauges(source, now, registers)
  return { registry, failures, rewrites, requests, outbox }
}

function addSnapshotGauges(source: Source, now: () => number, registers: Prometheus[]): void {
  new Gauge({
    name: 'promptctl_snapshot_age_seconds',
    help: 'How long ago what is served was loaded.',
    registers,
    collect() {
      if (source.loaded !== undefined) this.set((now() - source.loaded.loadedAt) / 1000)
    },
  })
  new Gauge({
    name: 'promptctl_snapshot_info',
    help: 'The commit that is served.',
    labelNames: ['commit'] as const,
    registers,
    collect() {
      this.reset()
      if (source.loaded !== undefined) this.set({ commit: source.loaded.tip }, 1)
    },
  })
  const perEnvironment = (name: string, help: string, count: (of: { size: number; invalid: number }) => number) =>
    new Gauge({
      name,
      help,
      labelNames: ['environment'] as const,
      registers,
      collect() {
        for (const [environment, { size, invalid }] of source.loaded?.snapshots ?? []) {
          this.set({ environment }, count({ size, invalid: invalid.length }))
        }
      },
    })
  perEnvironment('promptctl_prompts', 'Prompts that are live, by environment.', ({ size }) => size)
  perEnvironment(
    'promptctl_invalid_prompts',
    'Prompts whose newest version is invalid, so that the one before is served.',
    ({ invalid }) => invalid,
  )
}
