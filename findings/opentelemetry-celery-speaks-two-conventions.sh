#!/bin/sh
# opentelemetry-instrumentation-celery 0.66b2 with Celery 5.7.0: the span of a task that is sent. Expected: the attributes of the
# messaging conventions, the old ones or the new ones, with OTEL_SEMCONV_STABILITY_OPT_IN to choose, as other instrumentations do.
# Seen: both at once. The id has its new name (messaging.message.id), the queue its old one (messaging.destination,
# messaging.destination_kind), and messaging.system, which both require and by which backends know a span of a queue, is not
# there at all; the variable changes nothing. A view of queues built by either convention shows no Celery, or shows
# it without queues.
set -eu
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check celery==5.7.0 opentelemetry-sdk==1.45.2 opentelemetry-instrumentation-celery==0.66b2
cat >look.py <<'END'
from celery import Celery
from opentelemetry.instrumentation.celery import CeleryInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

exporter, provider = InMemorySpanExporter(), TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exporter))
CeleryInstrumentor().instrument(tracer_provider=provider)
app = Celery("app", broker="memory://")

@app.task
def job():
    pass

job.delay()
(span,) = exporter.get_finished_spans()
names = sorted(name for name in span.attributes if name.startswith("messaging."))
print(*names)
assert names == ["messaging.destination", "messaging.destination_kind", "messaging.message.id"], "it has changed"
END
for choice in "" messaging messaging/dup; do
    OTEL_SEMCONV_STABILITY_OPT_IN=$choice venv/bin/python look.py
done
