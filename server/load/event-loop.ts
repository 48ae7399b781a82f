import { monitorEventLoopDelay } from 'node:perf_hooks';

/** How late the event loop is: all of a process waits while it does one thing. */
export interface EventLoop {
  /** Milliseconds since the loop last came round, beyond what is due: what is begun now has waited as long. */
  lateness(): number;
  /** How late timers were since this was last asked, in seconds. */
  takeDelays(): { p50: number; p99: number; max: number };
  stop(): void;
}

/** Milliseconds between two looks. */
const LOOK = 100;
/** Milliseconds between two measurements of the delay. */
const RESOLUTION = 20;

/** Watches the event loop of this process until it is stopped; it keeps the process from ending no longer. */
export function watchEventLoop(): EventLoop {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION });
  histogram.enable();
  let cameRound = performance.now();
  const look = setInterval(() => {
    cameRound = performance.now();
  }, LOOK).unref();
  // What is measured is the time between two measurements.
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
