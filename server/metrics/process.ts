import type { EventLoop } from '../load/event-loop.ts';
import type { Metric } from './exposition.ts';

const MICROSECONDS = 1e6;

/** Returns the resource use of the process, named as by other Node.js servers, so that their dashboards work. */
export function processMetrics(loop: EventLoop): Metric[] {
  const memory = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  const { p50, p99, max } = loop.takeDelays();
  return [
    one('process_cpu_user_seconds_total', 'counter', 'Seconds of CPU in user code.', user / MICROSECONDS),
    one('process_cpu_system_seconds_total', 'counter', 'Seconds of CPU in the system.', system / MICROSECONDS),
    one('process_resident_memory_bytes', 'gauge', 'Memory that the process holds.', memory.rss),
    one('nodejs_heap_size_used_bytes', 'gauge', 'Memory of JavaScript in use.', memory.heapUsed),
    one('nodejs_heap_size_total_bytes', 'gauge', 'Memory of JavaScript.', memory.heapTotal),
    one('nodejs_external_memory_bytes', 'gauge', 'Memory of what JavaScript holds elsewhere.', memory.external),
    one('nodejs_eventloop_lag_p50_seconds', 'gauge', `${LATE} half of the time, at most.`, p50),
    one('nodejs_eventloop_lag_p99_seconds', 'gauge', `${LATE} 99 of 100 times, at most.`, p99),
    one('nodejs_eventloop_lag_max_seconds', 'gauge', `${LATE} at its latest.`, max),
  ];
}

const LATE = 'How late the event loop was since the last look,';

/** Returns a metric with one sample. */
export function one(name: string, type: 'counter' | 'gauge', help: string, value: number): Metric {
  return { name, type, help, samples: [{ value }] };
}
