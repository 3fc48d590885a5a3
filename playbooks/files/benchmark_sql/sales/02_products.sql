-- What each product brought.
select product, category, count(*) as sales, sum(total_cents) as total_cents
from sales
group by product, category
order by total_cents desc, product
