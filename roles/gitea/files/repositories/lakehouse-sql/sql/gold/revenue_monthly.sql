-- What was billed, of the months whose bills are of the days from first_day to last_day, or came on them. One commit, and a second run changes nothing.
merge into lakehouse.gold.revenue_monthly t
using (
    with touched as (
        select distinct cycle
        from lakehouse.curated.billing
        where (event_time >= timestamp '{{ params.first_day }} 00:00:00 UTC'
                and event_time < timestamp '{{ params.last_day }} 00:00:00 UTC' + interval '1' day)
            or (seen_at >= timestamp '{{ params.first_day }} 00:00:00 UTC'
                and seen_at < timestamp '{{ params.last_day }} 00:00:00 UTC' + interval '1' day)
    ),
    fresh as (
        select
            date(cycle || '-01') as month,
            city,
            state,
            plan,
            count(*) as bills,
            count(distinct subscriber_id) as subscribers,
            sum(amount_cents) as gross_cents,
            sum(credit_cents) as credit_cents,
            sum(total_cents) as total_cents,
            sum(tax_cents) as tax_cents,
            sum(total_cents - tax_cents) as net_cents,
            coalesce(sum(total_cents) filter (where status = 'paid'), 0) as paid_cents,
            coalesce(sum(total_cents) filter (where status <> 'paid'), 0) as open_cents,
            sum(outage_minutes) as outage_minutes
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
    where old.month in (select date(cycle || '-01') from touched) and fresh.month is null
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
