-- How much was sold in all.
select count(*) as sales, sum(quantity) as items, sum(total_cents) as total_cents
from sales
