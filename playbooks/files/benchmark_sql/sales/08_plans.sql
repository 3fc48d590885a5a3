-- What the customers of each tariff buy: a join with the table of customers.
select c.plan, c.price_cents, count(distinct s.customer_id) as customers, count(*) as sales, sum(s.total_cents) as total_cents
from sales as s
inner join customers as c on c.customer_id = s.customer_id
group by c.plan, c.price_cents
order by c.price_cents, c.plan
