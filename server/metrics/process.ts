import type { EventLoop } from '../load/event-loop.ts';
import type { Metric } from './exposition.ts';

const MICROSECONDS = 1e6;

/** Returns the resource use of the process, named as by other Node.js servers, so that their dashboards work. */
export function processMetrics(loop: EventLoop): Metric[] {
  const memory = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  const { p50, p99, max } = loop.takeDelays();
  return [
    one('process_cpu_user_seconds_total', 'counter', 'User CPU time in seconds.', user / MICROSECONDS),
    one('process_cpu_system_seconds_total', 'counter', 'System CPU time in seconds.', system / MICROSECONDS),
    one('process_resident_memory_bytes', 'gauge', 'Resident memory of the process in bytes.', memory.rss),
    one('nodejs_heap_size_used_bytes', 'gauge', 'Used heap size in bytes.', memory.heapUsed),
    one('nodejs_heap_size_total_bytes', 'gauge', 'Total heap size in bytes.', memory.heapTotal),
    one('nodejs_external_memory_bytes', 'gauge', 'External memory of JavaScript objects in bytes.', memory.external),
    one('nodejs_eventloop_lag_p50_seconds', 'gauge', `${LATE} 50th percentile.`, p50),
    one('nodejs_eventloop_lag_p99_seconds', 'gauge', `${LATE} 99th percentile.`, p99),
    one('nodejs_eventloop_lag_max_seconds', 'gauge', `${LATE} maximum.`, max),
  ];
}

const LATE = 'Event loop lag in seconds since the last scrape,';

/** Returns a metric with one sample. */
export function one(name: string, type: 'counter' | 'gauge', help: string, value: number): Metric {
  return { name, type, help, samples: [{ value }] };
}
