-- One month day by day: a range of time that most of the table is not in.
select cast(event_time as date) as day, count(*) as sales, sum(total_cents) as total_cents
from sales
where event_time >= timestamp '2025-06-01 00:00:00 UTC' and event_time < timestamp '2025-07-01 00:00:00 UTC'
group by 1
order by 1
