-- The state of each OLT, of the days from first_day to last_day, which begin in the session's time zone. One commit, and a second run changes nothing.
merge into lakehouse.gold.olt_health_daily t
using (
    with measured as (
        select
            cast(at_timezone(event_time, current_timezone()) as date) as day,
            olt_id,
            max_by(olt_name, event_time) as olt_name,
            max_by(city, event_time) as city,
            max_by(state, event_time) as state,
            count(distinct pon_port) as ports,
            count(*) as samples,
            count_if(status <> 'up') as samples_down,
            round(100e0 * count_if(status = 'up') / count(*), 3) as availability_percent,
            count(distinct incident_id) as incidents,
            -- Sums cannot overflow, and what is not finite is not measured.
            round(100e0 * cast(sum(cast(onus_online as decimal(38, 0))) as double)
                / nullif(cast(sum(cast(onus_registered as decimal(38, 0))) as double), 0), 3) as onus_online_percent,
            round(avg(rx_power_dbm) filter (where is_finite(rx_power_dbm)), 2) as rx_power_dbm_avg,
            min(rx_power_dbm) filter (where is_finite(rx_power_dbm)) as rx_power_dbm_min,
            max(temperature_celsius) filter (where is_finite(temperature_celsius)) as temperature_celsius_max,
            round(avg(cpu_percent) filter (where is_finite(cpu_percent)), 1) as cpu_percent_avg,
            max(cpu_percent) filter (where is_finite(cpu_percent)) as cpu_percent_max,
            round(avg(memory_percent) filter (where is_finite(memory_percent)), 1) as memory_percent_avg,
            round(avg(traffic_down_mbps) filter (where is_finite(traffic_down_mbps)), 3) as traffic_down_mbps_avg,
            round(avg(traffic_up_mbps) filter (where is_finite(traffic_up_mbps)), 3) as traffic_up_mbps_avg,
            try_cast(sum(cast(fec_errors as decimal(38, 0))) as bigint) as fec_errors
        from lakehouse.curated.olt_metrics
        where event_time >= timestamp '{{ params.first_day }} 00:00:00'
            and event_time < timestamp '{{ params.last_day }} 00:00:00' + interval '1' day
        group by 1, 2
    ),
    fresh as (
        select measured.*,
            case
                when availability_percent < 98 or temperature_celsius_max >= 75 or cpu_percent_max >= 95 then 'critical'
                when availability_percent < 99.9 or temperature_celsius_max >= 65 or cpu_percent_max >= 85 or rx_power_dbm_min < -28 then 'warning'
                else 'good'
            end as health
        from measured
    )
    select fresh.*, false as gone from fresh
    union all
    -- What was measured before and is not there any more.
    select old.day, old.olt_id, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, true
    from lakehouse.gold.olt_health_daily old
    left join fresh on fresh.day = old.day and fresh.olt_id = old.olt_id
    where old.day between date '{{ params.first_day }}' and date '{{ params.last_day }}' and fresh.day is null
) s
on t.day = s.day and t.olt_id = s.olt_id and t.day between date '{{ params.first_day }}' and date '{{ params.last_day }}'
when matched and s.gone then delete
when matched and (t.olt_name, t.city, t.state, t.ports, t.samples, t.samples_down, t.incidents, t.onus_online_percent, t.rx_power_dbm_avg,
        t.rx_power_dbm_min, t.temperature_celsius_max, t.cpu_percent_avg, t.cpu_percent_max, t.memory_percent_avg, t.traffic_down_mbps_avg,
        t.traffic_up_mbps_avg, t.fec_errors, t.health)
    is distinct from (s.olt_name, s.city, s.state, s.ports, s.samples, s.samples_down, s.incidents, s.onus_online_percent, s.rx_power_dbm_avg,
        s.rx_power_dbm_min, s.temperature_celsius_max, s.cpu_percent_avg, s.cpu_percent_max, s.memory_percent_avg, s.traffic_down_mbps_avg,
        s.traffic_up_mbps_avg, s.fec_errors, s.health)
    then update set
        olt_name = s.olt_name, city = s.city, state = s.state, ports = s.ports, samples = s.samples, samples_down = s.samples_down,
        availability_percent = s.availability_percent, incidents = s.incidents, onus_online_percent = s.onus_online_percent,
        rx_power_dbm_avg = s.rx_power_dbm_avg, rx_power_dbm_min = s.rx_power_dbm_min, temperature_celsius_max = s.temperature_celsius_max,
        cpu_percent_avg = s.cpu_percent_avg, cpu_percent_max = s.cpu_percent_max, memory_percent_avg = s.memory_percent_avg,
        traffic_down_mbps_avg = s.traffic_down_mbps_avg, traffic_up_mbps_avg = s.traffic_up_mbps_avg, fec_errors = s.fec_errors, health = s.health,
        updated_at = current_timestamp
when not matched then insert
    (day, olt_id, olt_name, city, state, ports, samples, samples_down, availability_percent, incidents, onus_online_percent, rx_power_dbm_avg,
        rx_power_dbm_min, temperature_celsius_max, cpu_percent_avg, cpu_percent_max, memory_percent_avg, traffic_down_mbps_avg, traffic_up_mbps_avg,
        fec_errors, health, updated_at)
    values (s.day, s.olt_id, s.olt_name, s.city, s.state, s.ports, s.samples, s.samples_down, s.availability_percent, s.incidents,
        s.onus_online_percent, s.rx_power_dbm_avg, s.rx_power_dbm_min, s.temperature_celsius_max, s.cpu_percent_avg, s.cpu_percent_max,
        s.memory_percent_avg, s.traffic_down_mbps_avg, s.traffic_up_mbps_avg, s.fec_errors, s.health, current_timestamp);
