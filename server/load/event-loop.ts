import { monitorEventLoopDelay } from 'node:perf_hooks';

/** Measures how late the event loop is: while it does one thing, the whole process waits. */
export interface EventLoop {
  /** Milliseconds that the loop is late: work begun now has already waited as long. */
  lateness(): number;
  /** Returns the delays of timers, in seconds, since the last call. */
  takeDelays(): { p50: number; p99: number; max: number };
  stop(): void;
}

/** Milliseconds between two checks. */
const LOOK = 100;
/** Milliseconds between two measurements of the delay. */
const RESOLUTION = 20;

/** Monitors the event loop of this process until it is stopped; it does not keep the process alive. */
export function watchEventLoop(): EventLoop {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION });
  histogram.enable();
  let cameRound = performance.now();
  const look = setInterval(() => {
    cameRound = performance.now();
  }, LOOK).unref();
  // The histogram records the time between two measurements.
  const seconds = (nanoseconds: number) => Math.max(0, nanoseconds / 1e9 - RESOLUTION / 1000);
  return {
    lateness: () => performance.now() - cameRound - LOOK,
    takeDelays() {
      const { max } = histogram;
      const [p50, p99] = [histogram.percentile(50), histogram.percentile(99)];
      histogram.reset();
      return { p50: seconds(p50), p99: seconds(p99), max: seconds(max) };
    },
    stop() {
      histogram.disable();
      clearInterval(look);
    },
  };
}
