-- Sessions per hour and city, of the days from first_day to last_day, which begin in the session's time zone. One commit: nobody sees half of it, and a second run changes nothing.
merge into lakehouse.gold.sessions_hourly_city t
using (
    with fresh as (
        select
            cast(at_timezone(event_time, current_timezone()) as date) as day,
            date_trunc('hour', at_timezone(event_time, current_timezone())) as hour,
            city,
            state,
            count_if(event = 'start') as starts,
            count_if(event = 'stop') as stops,
            count_if(event = 'interim') as reports,
            count_if(event = 'reject') as rejects,
            count(distinct session_id) as sessions,
            count(distinct subscriber_id) as subscribers,
            count_if(event = 'stop' and terminate_cause = 'lost_carrier') as lost_carrier,
            -- What no session can have is left out, so that one row spoils no sum; the rules of quality name it. No sum can overflow.
            try_cast(coalesce(sum(cast(session_seconds as decimal(38, 0)))
                filter (where event = 'stop' and session_seconds between 0 and 31536000), 0) as bigint) as ended_seconds,
            try_cast(coalesce(sum(cast(output_octets as decimal(38, 0)))
                filter (where event = 'stop' and output_octets between 0 and 1000000000000000), 0) as bigint) as download_bytes,
            try_cast(coalesce(sum(cast(input_octets as decimal(38, 0)))
                filter (where event = 'stop' and input_octets between 0 and 1000000000000000), 0) as bigint) as upload_bytes
        from lakehouse.curated.radius_logs
        where event_time >= timestamp '{{ params.first_day }} 00:00:00'
            and event_time < timestamp '{{ params.last_day }} 00:00:00' + interval '1' day
        group by 1, 2, 3, 4
    )
    select fresh.*, false as gone from fresh
    union all
    -- What was counted before and is not there any more.
    select old.day, old.hour, old.city, old.state, null, null, null, null, null, null, null, null, null, null, true
    from lakehouse.gold.sessions_hourly_city old
    left join fresh on fresh.day = old.day and fresh.hour = old.hour and fresh.city = old.city and fresh.state = old.state
    where old.day between date '{{ params.first_day }}' and date '{{ params.last_day }}' and fresh.hour is null
) s
on t.day = s.day and t.hour = s.hour and t.city = s.city and t.state = s.state
    and t.day between date '{{ params.first_day }}' and date '{{ params.last_day }}'
when matched and s.gone then delete
when matched and (t.starts, t.stops, t.reports, t.rejects, t.sessions, t.subscribers, t.lost_carrier, t.ended_seconds, t.download_bytes, t.upload_bytes)
    is distinct from (s.starts, s.stops, s.reports, s.rejects, s.sessions, s.subscribers, s.lost_carrier, s.ended_seconds, s.download_bytes, s.upload_bytes)
    then update set
        starts = s.starts, stops = s.stops, reports = s.reports, rejects = s.rejects, sessions = s.sessions, subscribers = s.subscribers,
        lost_carrier = s.lost_carrier, ended_seconds = s.ended_seconds, download_bytes = s.download_bytes, upload_bytes = s.upload_bytes,
        updated_at = current_timestamp
when not matched then insert
    (day, hour, city, state, starts, stops, reports, rejects, sessions, subscribers, lost_carrier, ended_seconds, download_bytes, upload_bytes, updated_at)
    values (s.day, s.hour, s.city, s.state, s.starts, s.stops, s.reports, s.rejects, s.sessions, s.subscribers, s.lost_carrier, s.ended_seconds,
        s.download_bytes, s.upload_bytes, current_timestamp);
