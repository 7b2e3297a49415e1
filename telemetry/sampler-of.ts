import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  type Sampler,
  SamplingDecision,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace'
import type { Sampling } from './telemetry-setting.ts'

/**
 * The sampler that a setting names. Based on the parent, it does as the client says that has begun the trace. By ratio
 * alone, it draws by `random` about traces that a client has begun: who chooses the id of a trace could choose one of those
 * that are always told of.
 */
export function samplerOf(sampling: Sampling, random: () => number): Sampler {
  if (sampling.by === 'traceidratio') {
    const root = new TraceIdRatioBasedSampler(sampling.ratio)
    if (sampling.parentBased) return new ParentBasedSampler({ root })
    const drawn = drawing(sampling.ratio, random)
    return new ParentBasedSampler({
      root,
      remoteParentSampled: drawn,
      remoteParentNotSampled: drawn,
    })
  }
  const root = sampling.by === 'always_on' ? new AlwaysOnSampler() : new AlwaysOffSampler()
  return sampling.parentBased ? new ParentBasedSampler({ root }) : root
}

function drawing(ratio: number, random: () => number): Sampler {
  const { RECORD_AND_SAMPLED, NOT_RECORD } = SamplingDecision
  return {
    shouldSample: () => ({ decision: random() < ratio ? RECORD_AND_SAMPLED : NOT_RECORD }),
    toString: () => `Drawing{${ratio}}`,
  }
}
