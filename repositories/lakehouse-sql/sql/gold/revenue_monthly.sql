-- What was billed, of the months whose bills are of the days from first_day to last_day, or came on them; days begin in
-- the session's time zone. One commit, and a second run changes nothing.
merge into lakehouse.gold.revenue_monthly t
using (
    with touched as (
        select distinct cycle
        from lakehouse.curated.billing
        where regexp_like(cycle, '^\d{4}-(0[1-9]|1[0-2])$') and ((event_time >= timestamp '{{ params.first_day }} 00:00:00'
                and event_time < timestamp '{{ params.last_day }} 00:00:00' + interval '1' day)
            or (seen_at >= timestamp '{{ params.first_day }} 00:00:00'
                and seen_at < timestamp '{{ params.last_day }} 00:00:00' + interval '1' day))
    ),
    fresh as (
        select
            try(date(cycle || '-01')) as month,
            city,
            state,
            plan,
            count(*) as bills,
            count(distinct subscriber_id) as subscribers,
            -- No sum can overflow; where one is beyond a bigint it is null, and the rules of quality name its city and plan.
            try_cast(sum(cast(amount_cents as decimal(38, 0))) as bigint) as gross_cents,
            try_cast(sum(cast(credit_cents as decimal(38, 0))) as bigint) as credit_cents,
            try_cast(sum(cast(total_cents as decimal(38, 0))) as bigint) as total_cents,
            try_cast(sum(cast(tax_cents as decimal(38, 0))) as bigint) as tax_cents,
            try_cast(sum(cast(total_cents as decimal(38, 0)) - cast(tax_cents as decimal(38, 0))) as bigint) as net_cents,
            try_cast(coalesce(sum(cast(total_cents as decimal(38, 0))) filter (where status = 'paid'), 0) as bigint) as paid_cents,
            try_cast(coalesce(sum(cast(total_cents as decimal(38, 0))) filter (where status <> 'paid'), 0) as bigint) as open_cents,
            try_cast(sum(cast(outage_minutes as decimal(38, 0))) as bigint) as outage_minutes
        from lakehouse.curated.billing
        where cycle in (select cycle from touched)
        group by 1, 2, 3, 4
    )
    select fresh.*, false as gone from fresh
    union all
    -- What was billed before and is not there any more.
    select old.month, old.city, old.state, old.plan, null, null, null, null, null, null, null, null, null, null, true
    from lakehouse.gold.revenue_monthly old
    left join fresh on fresh.month = old.month and fresh.city = old.city and fresh.state = old.state and fresh.plan = old.plan
    where old.month in (select try(date(cycle || '-01')) from touched) and fresh.month is null
) s
on t.month = s.month and t.city = s.city and t.state = s.state and t.plan = s.plan
when matched and s.gone then delete
when matched and (t.bills, t.subscribers, t.gross_cents, t.credit_cents, t.total_cents, t.tax_cents, t.paid_cents, t.open_cents, t.outage_minutes)
    is distinct from (s.bills, s.subscribers, s.gross_cents, s.credit_cents, s.total_cents, s.tax_cents, s.paid_cents, s.open_cents, s.outage_minutes)
    then update set
        bills = s.bills, subscribers = s.subscribers, gross_cents = s.gross_cents, credit_cents = s.credit_cents, total_cents = s.total_cents,
        tax_cents = s.tax_cents, net_cents = s.net_cents, paid_cents = s.paid_cents, open_cents = s.open_cents, outage_minutes = s.outage_minutes,
        updated_at = current_timestamp
when not matched then insert
    (month, city, state, plan, bills, subscribers, gross_cents, credit_cents, total_cents, tax_cents, net_cents, paid_cents, open_cents, outage_minutes,
        updated_at)
    values (s.month, s.city, s.state, s.plan, s.bills, s.subscribers, s.gross_cents, s.credit_cents, s.total_cents, s.tax_cents, s.net_cents,
        s.paid_cents, s.open_cents, s.outage_minutes, current_timestamp);
