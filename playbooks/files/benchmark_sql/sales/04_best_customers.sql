-- The twenty customers who spent most.
select customer_id, count(*) as sales, sum(total_cents) as total_cents
from sales
group by customer_id
order by total_cents desc, customer_id
limit 20
