// Preload (`--import`) that writes every span and metric of a process to the file OTEL_TO_FILE, a JSON line each.
import { appendFileSync } from 'node:fs';
import { metrics } from '@opentelemetry/api';
import {
  AggregationTemporality,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';

const file = process.env['OTEL_TO_FILE'];
const write = (value) => appendFileSync(file, `${JSON.stringify(value)}\n`);
const done = { code: 0 };

new NodeTracerProvider({
  spanProcessors: [
    new SimpleSpanProcessor({
      export(spans, callback) {
        for (const { name, attributes, events, status } of spans)
          write({ name, attributes, events, status });
        callback(done);
      },
      shutdown: () => Promise.resolve(),
    }),
  ],
}).register();
metrics.setGlobalMeterProvider(
  new MeterProvider({
    readers: [
      new PeriodicExportingMetricReader({
        exportIntervalMillis: 500,
        exporter: {
          export({ scopeMetrics }, callback) {
            for (const { metrics } of scopeMetrics)
              for (const { descriptor, dataPoints } of metrics) write({ descriptor, dataPoints });
            callback(done);
          },
          selectAggregationTemporality: () => AggregationTemporality.CUMULATIVE,
          forceFlush: () => Promise.resolve(),
          shutdown: () => Promise.resolve(),
        },
      }),
    ],
  }),
);
