import { Histogram, type Registry } from 'prom-client';

type Labels = 'method' | 'route' | 'status';

const durations = new WeakMap<Registry, Histogram<Labels>>();

/** The histogram of a registry, made on first use: the webhooks' own door measures into it too. */
export function requestDuration(registry: Registry): Histogram<Labels> {
  const known = durations.get(registry);
  if (known) return known;
  const made = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time from a request to the end of its answer, by route pattern.',
    labelNames: ['method', 'route', 'status'] as const,
    buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [registry],
  });
  durations.set(registry, made);
  return made;
}

/** Measures a hot route: the labels of each status are bound once. Durations in milliseconds. */
export function routeDuration(registry: Registry, method: string, route: string) {
  const duration = requestDuration(registry);
  const bound = new Map<number, { observe(seconds: number): void }>();
  return (status: number, ms: number): void => {
    let observer = bound.get(status);
    if (!observer) {
      observer = duration.labels({ method, route, status });
      bound.set(status, observer);
    }
    observer.observe(ms / 1_000);
  };
}
