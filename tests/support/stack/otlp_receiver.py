"""A receiver of OpenTelemetry's metrics over HTTP, as small as one can be."""

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric


@dataclass(slots=True)
class Receiver:
    """What came in: of each metric its kind, and the attributes it was sent with."""

    url: str
    kinds: dict[str, str] = field(default_factory=dict)
    attributes: dict[str, set[tuple[str, str]]] = field(default_factory=dict)
    in_prometheus: set[str] = field(default_factory=set)
    """The names that Prometheus stores them under."""

    def take(self, body: bytes) -> None:
        """Keep one message's metrics."""
        sent = ExportMetricsServiceRequest.FromString(body)
        for resource in sent.resource_metrics:
            for scope in resource.scope_metrics:
                for metric in scope.metrics:
                    kind = metric.WhichOneof("data")
                    assert kind
                    data = getattr(metric, kind)
                    self.kinds[metric.name] = kind
                    self.in_prometheus.add(prometheus_name(metric, kind))
                    self.attributes.setdefault(metric.name, set()).update(
                        (one.key, one.value.string_value)
                        for point in data.data_points
                        for one in point.attributes
                    )


def prometheus_name(metric: Metric, kind: str) -> str:
    """Name a metric as Prometheus does: underscores, unit, `_total` of what only grows."""
    name = metric.name.replace(".", "_")
    name += {"ms": "_milliseconds", "s": "_seconds"}.get(metric.unit, "")
    return name + ("_total" if kind == "sum" and metric.sum.is_monotonic else "")


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Receive on a free port until the block ends."""
    receiver = Receiver("")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.headers.get("content-encoding") == "gzip":
                body = gzip.decompress(body)
            receiver.take(body)
            answer = ExportMetricsServiceResponse().SerializeToString()
            self.send_response(200)
            self.send_header("content-type", "application/x-protobuf")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
