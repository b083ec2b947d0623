import { assert, describe, it } from "@effect/vitest"
import { taggedName } from "./statTags.ts"

describe("the names of stats in Prometheus text", () => {
  it.each([
    ["server.uptime", "envoy_server_uptime{}"],
    ["cluster.up.upstream_cx_total", 'envoy_cluster_upstream_cx_total{envoy_cluster_name="up"}'],
    [
      "http.in.downstream_rq_2xx",
      'envoy_http_downstream_rq_xx{envoy_response_code_class="2",envoy_http_conn_manager_prefix="in"}'
    ],
    [
      "listener.127.0.0.1_80.http.in.downstream_rq_5xx",
      'envoy_listener_http_downstream_rq_xx{envoy_response_code_class="5",envoy_http_conn_manager_prefix="in",envoy_listener_address="127.0.0.1_80"}'
    ],
    [
      "listener.127.0.0.1_80.worker_1.downstream_cx_active",
      'envoy_listener_worker_downstream_cx_active{envoy_worker_id="1",envoy_listener_address="127.0.0.1_80"}'
    ],
    ["listener.admin.downstream_cx_total", "envoy_listener_admin_downstream_cx_total{}"],
    ["grpc.ads.streams_closed_14", 'envoy_grpc_streams_closed_14{envoy_google_grpc_client_prefix="ads"}']
  ])("are those of Envoy: %s", (name, expected) => {
    const { family, labels } = taggedName(name)
    assert.strictEqual(`${family}{${labels}}`, expected)
  })
})
