import { readdirSync } from "node:fs";
import { gauge, type MetricFamily } from "./exposition.ts";

/** What this process uses, under the names that all Prometheus clients give it. */
export function processMetrics(nowMs: number): MetricFamily[] {
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed } = process.memoryUsage();
  return [
    {
      name: "process_cpu_seconds_total",
      help: "Processor time used by this process.",
      type: "counter",
      samples: [{ labels: {}, value: (user + system) / 1e6 }],
    },
    gauge("process_resident_memory_bytes", "Resident memory of this process.", rss),
    gauge("process_start_time_seconds", "When this process was started.", nowMs / 1_000 - process.uptime()),
    gauge("process_open_fds", "Open file descriptors of this process.", readdirSync("/proc/self/fd").length),
    gauge("nodejs_heap_size_used_bytes", "Memory of live and dead objects in the heap.", heapUsed),
  ];
}
