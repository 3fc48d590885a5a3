-- How available the subscribers' routers were, of the days from first_day to last_day, which begin in the session's time zone. One commit, and a second run changes nothing.
merge into lakehouse.gold.cpe_availability_daily t
using (
    with routers as (
        select
            cast(at_timezone(event_time, current_timezone()) as date) as day,
            city,
            state,
            district,
            cpe_serial,
            count(*) as samples,
            count_if(status = 'online') as samples_online,
            count_if(status <> 'online' and down_cause = 'loss_of_signal') as loss_of_signal,
            count_if(status <> 'online' and down_cause = 'loss_of_power') as loss_of_power,
            count_if(status <> 'online' and down_cause = 'reboot') as reboots,
            avg(rx_power_dbm) filter (where is_finite(rx_power_dbm)) as rx_power_dbm
        from lakehouse.curated.cpe_status
        where event_time >= timestamp '{{ params.first_day }} 00:00:00'
            and event_time < timestamp '{{ params.last_day }} 00:00:00' + interval '1' day
        group by 1, 2, 3, 4, 5
    ),
    -- Of samples, not of routers: one that is asked more often counts for more.
    delays as (
        select
            cast(at_timezone(event_time, current_timezone()) as date) as day,
            city,
            state,
            district,
            -- A percentile of what is not finite would fail for every district.
            round(avg(latency_ms) filter (where is_finite(latency_ms)), 2) as latency_ms_avg,
            round(approx_percentile(latency_ms, 0.95) filter (where is_finite(latency_ms)), 2) as latency_ms_p95,
            round(avg(packet_loss_percent) filter (where is_finite(packet_loss_percent)), 3) as packet_loss_percent_avg
        from lakehouse.curated.cpe_status
        where event_time >= timestamp '{{ params.first_day }} 00:00:00'
            and event_time < timestamp '{{ params.last_day }} 00:00:00' + interval '1' day
        group by 1, 2, 3, 4
    ),
    counted as (
        select
            day,
            city,
            state,
            district,
            count(*) as cpes,
            count_if(samples_online < samples) as cpes_affected,
            count_if(rx_power_dbm < -27) as cpes_weak_signal,
            sum(samples) as samples,
            sum(samples_online) as samples_online,
            round(100e0 * sum(samples_online) / sum(samples), 3) as availability_percent,
            sum(loss_of_signal) as loss_of_signal,
            sum(loss_of_power) as loss_of_power,
            sum(reboots) as reboots,
            round(avg(rx_power_dbm), 2) as rx_power_dbm_avg
        from routers
        group by 1, 2, 3, 4
    ),
    fresh as (
        select counted.*, delays.latency_ms_avg, delays.latency_ms_p95, delays.packet_loss_percent_avg
        from counted
        join delays on delays.day = counted.day and delays.city = counted.city and delays.state = counted.state and delays.district = counted.district
    )
    select fresh.*, false as gone from fresh
    union all
    -- What was seen before and is not there any more.
    select old.day, old.city, old.state, old.district, null, null, null, null, null, null, null, null, null, null, null, null, null, true
    from lakehouse.gold.cpe_availability_daily old
    left join fresh on fresh.day = old.day and fresh.city = old.city and fresh.state = old.state and fresh.district = old.district
    where old.day between date '{{ params.first_day }}' and date '{{ params.last_day }}' and fresh.day is null
) s
on t.day = s.day and t.city = s.city and t.state = s.state and t.district = s.district
    and t.day between date '{{ params.first_day }}' and date '{{ params.last_day }}'
when matched and s.gone then delete
-- Percentiles are estimates that may differ from run to run: they alone are no reason to write.
when matched and (t.cpes, t.cpes_affected, t.cpes_weak_signal, t.samples, t.samples_online, t.loss_of_signal, t.loss_of_power, t.reboots)
    is distinct from (s.cpes, s.cpes_affected, s.cpes_weak_signal, s.samples, s.samples_online, s.loss_of_signal, s.loss_of_power, s.reboots)
    then update set
        cpes = s.cpes, cpes_affected = s.cpes_affected, cpes_weak_signal = s.cpes_weak_signal, samples = s.samples, samples_online = s.samples_online,
        availability_percent = s.availability_percent, loss_of_signal = s.loss_of_signal, loss_of_power = s.loss_of_power, reboots = s.reboots,
        latency_ms_avg = s.latency_ms_avg, latency_ms_p95 = s.latency_ms_p95, packet_loss_percent_avg = s.packet_loss_percent_avg,
        rx_power_dbm_avg = s.rx_power_dbm_avg, updated_at = current_timestamp
when not matched then insert
    (day, city, state, district, cpes, cpes_affected, cpes_weak_signal, samples, samples_online, availability_percent, loss_of_signal, loss_of_power,
        reboots, latency_ms_avg, latency_ms_p95, packet_loss_percent_avg, rx_power_dbm_avg, updated_at)
    values (s.day, s.city, s.state, s.district, s.cpes, s.cpes_affected, s.cpes_weak_signal, s.samples, s.samples_online, s.availability_percent,
        s.loss_of_signal, s.loss_of_power, s.reboots, s.latency_ms_avg, s.latency_ms_p95, s.packet_loss_percent_avg, s.rx_power_dbm_avg,
        current_timestamp);
