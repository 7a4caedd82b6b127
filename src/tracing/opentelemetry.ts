/**
 * All that is used of OpenTelemetry's SDK, so that it is loaded by one import. Not each package by its own: in the bundle
 * what a CommonJS package exports has its names only where they are imported by name.
 */
export { DiagLogLevel, diag } from '@opentelemetry/api';
export { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
export {
  defaultResource,
  detectResources,
  envDetector,
  resourceFromAttributes,
} from '@opentelemetry/resources';
export { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
export { BullMQOtel } from 'bullmq-otel';
