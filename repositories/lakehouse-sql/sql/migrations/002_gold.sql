-- What dashboards read: sums, no persons. Days begin in the time zone of Trino's sessions, hours are instants, money is in cents, percents go from 0 to 100.

create table if not exists lakehouse.gold.sessions_hourly_city (
    day date,
    hour timestamp(6) with time zone,
    city varchar,
    state varchar,
    starts bigint comment 'sessions that began',
    stops bigint comment 'sessions that ended',
    reports bigint comment 'reports of sessions under way',
    rejects bigint comment 'sign-ins that were refused',
    sessions bigint comment 'sessions that were heard of',
    subscribers bigint comment 'subscribers that were heard of',
    lost_carrier bigint comment 'sessions that ended because the line was gone',
    ended_seconds bigint comment 'how long the ended sessions lasted, in all',
    download_bytes bigint comment 'of the ended sessions',
    upload_bytes bigint comment 'of the ended sessions',
    updated_at timestamp(6) with time zone
)
comment 'RADIUS sessions for each hour and city'
with (format_version = 2, partitioning = array['month(day)']);

create table if not exists lakehouse.gold.olt_health_daily (
    day date,
    olt_id varchar,
    olt_name varchar,
    city varchar,
    state varchar,
    ports bigint,
    samples bigint,
    samples_down bigint,
    availability_percent double,
    incidents bigint,
    onus_online_percent double,
    rx_power_dbm_avg double,
    rx_power_dbm_min double,
    temperature_celsius_max double,
    cpu_percent_avg double,
    cpu_percent_max double,
    memory_percent_avg double,
    traffic_down_mbps_avg double comment 'of a port',
    traffic_up_mbps_avg double comment 'of a port',
    fec_errors bigint,
    health varchar comment 'good, warning or critical',
    updated_at timestamp(6) with time zone
)
comment 'State of each OLT for each day'
with (format_version = 2, partitioning = array['month(day)']);

create table if not exists lakehouse.gold.cpe_availability_daily (
    day date,
    city varchar,
    state varchar,
    district varchar,
    cpes bigint,
    cpes_affected bigint comment 'seen offline at least once',
    cpes_weak_signal bigint comment 'below -27 dBm on the average',
    samples bigint,
    samples_online bigint,
    availability_percent double,
    loss_of_signal bigint comment 'samples offline for this cause',
    loss_of_power bigint comment 'samples offline for this cause',
    reboots bigint comment 'samples offline for this cause',
    latency_ms_avg double,
    latency_ms_p95 double,
    packet_loss_percent_avg double,
    rx_power_dbm_avg double,
    updated_at timestamp(6) with time zone
)
comment 'Availability of the subscribers'' routers for each day and district'
with (format_version = 2, partitioning = array['month(day)']);

create table if not exists lakehouse.gold.revenue_monthly (
    month date comment 'its first day',
    city varchar,
    state varchar,
    plan varchar,
    bills bigint,
    subscribers bigint,
    gross_cents bigint,
    credit_cents bigint comment 'given back for outages',
    total_cents bigint,
    tax_cents bigint,
    net_cents bigint comment 'total without tax',
    paid_cents bigint,
    open_cents bigint,
    outage_minutes bigint,
    updated_at timestamp(6) with time zone
)
comment 'What was billed for each month, city and plan'
with (format_version = 2);
