/** The text format of Prometheus, 0.0.4 (https://prometheus.io/docs/instrumenting/exposition_formats/). */
export const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** One value; `suffix` is appended to the metric's name, as for the parts of a histogram. */
export interface Sample {
  suffix?: string;
  labels?: Record<string, string>;
  value: number;
}

/** A metric and its samples, in seconds and bytes. */
export interface Metric {
  name: string;
  type: 'counter' | 'gauge' | 'histogram';
  help: string;
  samples: Sample[];
}

/** Renders metrics as text. Names, help texts and label values are ours and need no escaping. */
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
