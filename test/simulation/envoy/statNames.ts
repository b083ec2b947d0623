/** The names of Envoy's stats by kind, in one line each, as Envoy 1.40 prints them in its `/stats`. */
export interface StatNames {
  readonly counters: string
  readonly gauges: string
  readonly histograms?: string
  readonly texts?: string
}

/** Of every Envoy. */
export const processStats: StatNames = {
  counters: `
    cluster_manager.cluster_added cluster_manager.cluster_modified cluster_manager.cluster_removed
    cluster_manager.cluster_updated cluster_manager.cluster_updated_via_merge cluster_manager.update_merge_cancelled
    cluster_manager.update_out_of_merge_window envoy.overload_actions.reset_high_memory_stream.count
    filesystem.flushed_by_timer filesystem.reopen_failed filesystem.write_buffered filesystem.write_completed
    filesystem.write_failed http.async-client.no_cluster http.async-client.no_route
    http.async-client.passthrough_internal_redirect_bad_location
    http.async-client.passthrough_internal_redirect_no_route
    http.async-client.passthrough_internal_redirect_predicate
    http.async-client.passthrough_internal_redirect_too_many_redirects
    http.async-client.passthrough_internal_redirect_unsafe_scheme http.async-client.rq_direct_response
    http.async-client.rq_overload_local_reply http.async-client.rq_redirect
    http.async-client.rq_reset_after_downstream_response_started http.async-client.rq_total
    http1.dropped_headers_with_underscores http1.metadata_not_supported_error
    http1.requests_rejected_with_underscores_in_headers http1.response_flood listener_manager.listener_added
    listener_manager.listener_create_failure listener_manager.listener_create_success
    listener_manager.listener_in_place_updated listener_manager.listener_modified listener_manager.listener_removed
    listener_manager.listener_stopped main_thread.watchdog_mega_miss main_thread.watchdog_miss
    runtime.deprecated_feature_use runtime.load_error runtime.load_success runtime.override_dir_exists
    runtime.override_dir_not_exists server.debug_assertion_failures server.dropped_stat_flushes
    server.dynamic_unknown_fields server.envoy_bug_failures server.envoy_notifications
    server.main_thread.watchdog_mega_miss server.main_thread.watchdog_miss server.static_unknown_fields
    server.wip_protos workers.watchdog_mega_miss workers.watchdog_miss
  `,
  gauges: `
    cluster_manager.active_clusters cluster_manager.warming_clusters filesystem.write_total_buffered
    listener_manager.total_filter_chains_draining listener_manager.total_listeners_active
    listener_manager.total_listeners_draining listener_manager.total_listeners_warming
    listener_manager.workers_pinned listener_manager.workers_started runtime.admin_overrides_active
    runtime.deprecated_feature_seen_since_process_start runtime.num_keys runtime.num_layers
    server.compilation_settings.fips_mode server.concurrency server.days_until_first_cert_expiring
    server.hot_restart_epoch server.live server.memory_allocated server.memory_heap_size server.memory_physical_size
    server.parent_connections server.seconds_until_first_ocsp_response_expiring server.state
    server.stats_recent_lookups server.total_connections server.uptime server.version
    thread_local_cluster_manager.main_thread.clusters_inflated
  `,
  histograms: `overload.refresh_interval_delay server.initialization_time_ms`
}

/** Of each worker, from the start of the workers on. */
export const workerStats: StatNames = {
  counters: `server.worker_N.watchdog_mega_miss server.worker_N.watchdog_miss`,
  gauges: `thread_local_cluster_manager.worker_N.clusters_inflated`
}

/** Of each xDS subscription, behind its prefix. */
export const subscriptionStats: StatNames = {
  counters: `init_fetch_timeout update_attempt update_failure update_rejected update_success`,
  gauges: `update_time version`,
  histograms: `update_duration`,
  texts: `version_text`
}

/** Of an Envoy with ADS. */
export const adsStats: StatNames = {
  counters: `
    control_plane.rate_limit_enforced grpc.ads.google_grpc_client_creation grpc.ads.streams_closed_0
    grpc.ads.streams_closed_1 grpc.ads.streams_closed_10 grpc.ads.streams_closed_11 grpc.ads.streams_closed_12
    grpc.ads.streams_closed_13 grpc.ads.streams_closed_14 grpc.ads.streams_closed_15 grpc.ads.streams_closed_16
    grpc.ads.streams_closed_2 grpc.ads.streams_closed_3 grpc.ads.streams_closed_4 grpc.ads.streams_closed_5
    grpc.ads.streams_closed_6 grpc.ads.streams_closed_7 grpc.ads.streams_closed_8 grpc.ads.streams_closed_9
    grpc.ads.streams_total
  `,
  gauges: `control_plane.connected_state control_plane.pending_requests`,
  texts: `control_plane.identifier`
}

/** Of each cluster, behind `cluster.NAME.`. */
export const clusterStats: StatNames = {
  counters: `
    assignment_stale assignment_timeout_received assignment_use_cached bind_errors default.total_match_count
    lb_healthy_panic lb_local_cluster_not_ok lb_recalculate_zone_structures lb_subsets_created lb_subsets_fallback
    lb_subsets_fallback_panic lb_subsets_removed lb_subsets_selected lb_zone_cluster_too_small
    lb_zone_no_capacity_left lb_zone_routing_all_directly lb_zone_routing_cross_zone lb_zone_routing_sampled
    membership_change original_dst_host_invalid retry_or_shadow_abandoned update_empty update_no_rebuild
    upstream_cx_close_notify upstream_cx_connect_attempts_exceeded upstream_cx_connect_fail
    upstream_cx_connect_timeout upstream_cx_connect_with_0_rtt upstream_cx_destroy upstream_cx_destroy_local
    upstream_cx_destroy_local_with_active_rq upstream_cx_destroy_remote upstream_cx_destroy_remote_with_active_rq
    upstream_cx_destroy_with_active_rq upstream_cx_http1_total upstream_cx_http2_total upstream_cx_http3_total
    upstream_cx_idle_timeout upstream_cx_max_duration_reached upstream_cx_max_requests upstream_cx_none_healthy
    upstream_cx_overflow upstream_cx_pool_overflow upstream_cx_preconnect_skipped upstream_cx_protocol_error
    upstream_cx_rx_bytes_total upstream_cx_total upstream_cx_tx_bytes_total upstream_flow_control_backed_up_total
    upstream_flow_control_drained_total upstream_flow_control_paused_reading_total
    upstream_flow_control_resumed_reading_total upstream_http3_broken upstream_internal_redirect_failed_total
    upstream_internal_redirect_succeeded_total upstream_rq_0rtt upstream_rq_active_overflow upstream_rq_cancelled
    upstream_rq_completed upstream_rq_maintenance_mode upstream_rq_max_duration_reached
    upstream_rq_pending_failure_eject upstream_rq_pending_overflow upstream_rq_pending_total
    upstream_rq_per_try_idle_timeout upstream_rq_per_try_timeout upstream_rq_retry
    upstream_rq_retry_backoff_exponential upstream_rq_retry_backoff_ratelimited upstream_rq_retry_limit_exceeded
    upstream_rq_retry_overflow upstream_rq_retry_success upstream_rq_rx_reset upstream_rq_rx_reset_no_error
    upstream_rq_timeout upstream_rq_total upstream_rq_tx_reset
  `,
  gauges: `
    circuit_breakers.default.cx_open circuit_breakers.default.cx_pool_open circuit_breakers.default.rq_open
    circuit_breakers.default.rq_pending_open circuit_breakers.default.rq_retry_open circuit_breakers.high.cx_open
    circuit_breakers.high.cx_pool_open circuit_breakers.high.rq_open circuit_breakers.high.rq_pending_open
    circuit_breakers.high.rq_retry_open lb_subsets_active max_host_weight membership_degraded membership_excluded
    membership_healthy membership_total upstream_cx_active upstream_cx_rx_bytes_buffered
    upstream_cx_tx_bytes_buffered upstream_queue_overloaded upstream_rq_active upstream_rq_pending_active
    warming_state
  `,
  histograms: `upstream_cx_connect_ms upstream_cx_length_ms upstream_rq_per_cx`
}

/** Of each HTTP connection manager that routes requests, which the admin does not, behind `http.PREFIX.`. */
export const routerStats: StatNames = {
  counters: `
    no_cluster no_route passthrough_internal_redirect_bad_location passthrough_internal_redirect_no_route
    passthrough_internal_redirect_predicate passthrough_internal_redirect_too_many_redirects
    passthrough_internal_redirect_unsafe_scheme rq_direct_response rq_overload_local_reply rq_redirect
    rq_reset_after_downstream_response_started rq_total tracing.client_enabled tracing.health_check
    tracing.not_traceable tracing.random_sampling tracing.service_forced
  `,
  gauges: ""
}

/** Of each HTTP connection manager, behind `http.PREFIX.`. */
export const httpStats: StatNames = {
  counters: `
    downstream_cx_delayed_close_timeout downstream_cx_destroy downstream_cx_destroy_active_rq
    downstream_cx_destroy_local downstream_cx_destroy_local_active_rq downstream_cx_destroy_remote
    downstream_cx_destroy_remote_active_rq downstream_cx_drain_close downstream_cx_http1_total
    downstream_cx_http2_total downstream_cx_http3_total downstream_cx_idle_timeout
    downstream_cx_max_duration_reached downstream_cx_max_requests_reached downstream_cx_overload_disable_keepalive
    downstream_cx_protocol_error downstream_cx_rx_bytes_total downstream_cx_ssl_total downstream_cx_total
    downstream_cx_tx_bytes_total downstream_cx_upgrades_total downstream_flow_control_paused_reading_total
    downstream_flow_control_resumed_reading_total downstream_rq_1xx downstream_rq_2xx downstream_rq_3xx
    downstream_rq_4xx downstream_rq_5xx downstream_rq_completed downstream_rq_failed_path_normalization
    downstream_rq_header_timeout downstream_rq_http1_total downstream_rq_http2_total downstream_rq_http3_total
    downstream_rq_idle_timeout downstream_rq_max_duration_reached downstream_rq_non_relative_path
    downstream_rq_overload_close downstream_rq_redirected_with_normalized_path
    downstream_rq_rejected_via_ip_detection downstream_rq_response_before_rq_complete downstream_rq_rx_reset
    downstream_rq_timeout downstream_rq_too_large downstream_rq_too_many_premature_resets downstream_rq_total
    downstream_rq_tx_reset downstream_rq_ws_on_non_ws_route rs_too_large
  `,
  gauges: `
    downstream_cx_active downstream_cx_http1_active downstream_cx_http1_soft_drain downstream_cx_http2_active
    downstream_cx_http3_active downstream_cx_rx_bytes_buffered downstream_cx_ssl_active
    downstream_cx_tx_bytes_buffered downstream_cx_upgrades_active downstream_rq_active
  `,
  histograms: `downstream_cx_length_ms downstream_rq_time`
}

/** Of each listener, behind `listener.ADDRESS.`. */
export const listenerStats: StatNames = {
  counters: `
    downstream_cx_destroy downstream_cx_overflow downstream_cx_overload_reject downstream_cx_total
    downstream_cx_transport_socket_connect_timeout downstream_global_cx_overflow downstream_listener_filter_error
    downstream_listener_filter_remote_close downstream_pre_cx_timeout extension_config_missing
    network_extension_config_missing no_filter_chain_match worker_N.downstream_cx_total
  `,
  gauges: `downstream_cx_active downstream_pre_cx_active worker_N.downstream_cx_active`,
  histograms: `connections_accepted_per_socket_event downstream_cx_length_ms`
}

/** Of the admin, behind `listener.admin.`. */
export const adminListenerStats: StatNames = {
  counters: `
    downstream_cx_destroy downstream_cx_overflow downstream_cx_overload_reject downstream_cx_total
    downstream_cx_transport_socket_connect_timeout downstream_global_cx_overflow downstream_listener_filter_error
    downstream_listener_filter_remote_close downstream_pre_cx_timeout main_thread.downstream_cx_total
    no_filter_chain_match
  `,
  gauges: `downstream_cx_active downstream_pre_cx_active main_thread.downstream_cx_active`,
  histograms: `connections_accepted_per_socket_event downstream_cx_length_ms`
}

/** Of each TCP proxy, behind `tcp.PREFIX.`. */
export const tcpStats: StatNames = {
  counters: `
    downstream_cx_drain_close downstream_cx_no_route downstream_cx_overload_close downstream_cx_rx_bytes_total
    downstream_cx_total downstream_cx_tx_bytes_total downstream_flow_control_paused_reading_total
    downstream_flow_control_resumed_reading_total early_data_received_count_total idle_timeout
    max_downstream_connection_duration route_delayed_total upstream_flush_total
  `,
  gauges: `downstream_cx_rx_bytes_buffered downstream_cx_tx_bytes_buffered upstream_flush_active`
}

/** Of the responses of one listener, behind `listener.ADDRESS.http.PREFIX.`. */
export const responseStats: StatNames = {
  counters: `
    downstream_rq_1xx downstream_rq_2xx downstream_rq_3xx downstream_rq_4xx downstream_rq_5xx downstream_rq_completed
  `,
  gauges: ""
}

/** Of the clusters of a control plane, besides those of any subscription. */
export const clusterUpdateStats: StatNames = { counters: `config_reload`, gauges: `config_reload_time_ms` }
