import {
  type Attributes,
  INVALID_SPAN_CONTEXT,
  type Span,
  type SpanOptions,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';

/** Spans of OpenTelemetry, where there is an exporter (`export.ts`); otherwise none are made. */

const tracer = trace.getTracer('incident-closer');
const nowhere = trace.wrapSpanContext(INVALID_SPAN_CONTEXT);
let exported = false;

/** From now on spans are made, since somebody takes them: even those that nobody takes make a receiver a fifth slower. */
export function makeSpans(): void {
  exported = true;
}

/** Runs `work` in a span of its own, which ends with it; what it throws is noted and thrown on. */
export function inSpan<T>(name: string, options: SpanOptions, work: (span: Span) => Promise<T>): Promise<T> {
  if (!exported) return work(nowhere);
  return tracer.startActiveSpan(name, options, async (span) => {
    try {
      return await work(span);
    } catch (error) {
      failed(span, error);
      throw error;
    } finally {
      span.end();
    }
  });
}

/** Notes a failure on a span, which then stands out. */
export function failed(span: Span, error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  span.setStatus({ code: SpanStatusCode.ERROR, message });
}

/** Says more about what is under way: on the job of the queue, or the delivery. */
export function note(attributes: Attributes): void {
  trace.getActiveSpan()?.setAttributes(attributes);
}

/** What a log line names, so that it is found from its trace and the other way round. */
export function traceFields(): { trace_id?: string; span_id?: string } {
  const span = trace.getActiveSpan()?.spanContext();
  return span === undefined ? {} : { trace_id: span.traceId, span_id: span.spanId };
}
