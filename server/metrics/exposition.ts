/** The text format of Prometheus, 0.0.4 (https://prometheus.io/docs/instrumenting/exposition_formats/). */
export const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** One number; `suffix` stands behind the metric's name, as the parts of a histogram have it. */
export interface Sample {
  suffix?: string;
  labels?: Record<string, string>;
  value: number;
}

/** A metric with its numbers, in seconds and bytes. */
export interface Metric {
  name: string;
  type: 'counter' | 'gauge' | 'histogram';
  help: string;
  samples: Sample[];
}

/** Metrics as text. Names, help and the values of labels are ours: nothing in them needs to be escaped. */
export function expose(metrics: readonly Metric[]): string {
  return metrics
    .map(({ name, type, help, samples }) => {
      const lines = samples.map(({ suffix = '', labels = {}, value }) => {
        const pairs = Object.entries(labels).map(([label, text]) => `${label}="${text}"`);
        return `${name}${suffix}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${value}\n`;
      });
      return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`;
    })
    .join('');
}
