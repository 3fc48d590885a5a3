-- What half, and all but a twentieth, of the customers of each city spend at most in the year; approximately.
select state, city, approx_percentile(total_cents, 0.5) as p50, approx_percentile(total_cents, 0.95) as p95
from (
    select state, city, customer_id, sum(total_cents) as total_cents
    from sales
    group by state, city, customer_id
) as spent
group by state, city
order by state, city
