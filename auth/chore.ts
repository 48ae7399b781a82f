/** Background work that no request asks for. */
export interface Chore {
  /** The name in problem reports: "The sweep of Sessions". */
  name: string;
  /** The interval in seconds, by the server's clock. */
  seconds: number;
  /** Seconds until the first run after a start, if different: so that it also runs in short-lived processes. */
  firstSeconds?: number;
  /** True if it also runs when the server stops, because it holds data in memory. */
  atStop?: true;
  /** Does the work, or as much as it can before the signal aborts; the rest is left to the next run. */
  run(signal: AbortSignal): Promise<void>;
}
