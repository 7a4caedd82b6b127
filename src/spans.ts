import {
  type Attributes,
  INVALID_SPAN_CONTEXT,
  type Span,
  type SpanOptions,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';

/** Spans of OpenTelemetry, if there is an exporter (`export.ts`); otherwise none are created. */

const tracer = trace.getTracer('incident-closer');
const nowhere = trace.wrapSpanContext(INVALID_SPAN_CONTEXT);
let exported = false;

/** Starts creating spans, since somebody exports them: even unexported ones slow a receiver down by a fifth. */
export function makeSpans(): void {
  exported = true;
}

/** Runs `work` in its own span, which ends with it; records and rethrows what it throws. */
export function inSpan<T>(name: string, options: SpanOptions, work: (span: Span) => Promise<T>): Promise<T> {
  if (!exported) return work(nowhere);
  return tracer.startActiveSpan(name, options, async (span) => {
    try {
      return await work(span);
    } catch (error) {
      markFailed(span, error);
      throw error;
    } finally {
      span.end();
    }
  });
}

/** Records a failure on a span, which then stands out. */
export function markFailed(span: Span, error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  span.setStatus({ code: SpanStatusCode.ERROR, message });
}

/** Adds attributes to the current span: the queue's job, or the delivery. */
export function note(attributes: Attributes): void {
  if (exported) trace.getActiveSpan()?.setAttributes(attributes);
}

/** The trace id for a log line, to find one from the other. */
export function traceFields(): { trace_id?: string; span_id?: string } {
  if (!exported) return {};
  const span = trace.getActiveSpan()?.spanContext();
  return span === undefined ? {} : { trace_id: span.traceId, span_id: span.spanId };
}
