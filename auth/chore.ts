/** Work of the server's own that no request asks for. */
export interface Chore {
  /** As problems name it: "the sweep of Sessions". */
  name: string;
  /** How often it is due, by the server's clock. */
  seconds: number;
  /** How soon it is first due after a start, where that differs: a process that never runs for long does it, too. */
  firstSeconds?: number;
  /** True where it is also done when the server stops: what it holds in memory would be lost. */
  atStop?: true;
  /** Does it, or as much of it as can be done before the signal: what is left is done another time. */
  run(signal: AbortSignal): Promise<void>;
}
