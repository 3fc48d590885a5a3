-- The three products that brought most in each month.
with months as (
    select
        cast(date_trunc('month', event_time) as date) as month,
        product,
        sum(total_cents) as total_cents,
        rank() over (partition by date_trunc('month', event_time) order by sum(total_cents) desc) as place
    from sales
    group by date_trunc('month', event_time), product
)

select month, place, product, total_cents
from months
where place <= 3
order by month, place, product
