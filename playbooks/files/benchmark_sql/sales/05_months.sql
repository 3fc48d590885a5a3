-- The course of the year.
select cast(date_trunc('month', event_time) as date) as month, count(*) as sales, sum(total_cents) as total_cents
from sales
group by 1
order by 1
