-- What half, and all but a twentieth, of the sales stay below; approximately.
select category, count(*) as sales, approx_percentile(total_cents, 0.5) as p50, approx_percentile(total_cents, 0.95) as p95
from sales
group by category
order by category
