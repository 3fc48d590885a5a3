-- How many customers of each city bought something, and in how many months.
select state, city, count(distinct customer_id) as customers, count(distinct date_trunc('month', event_time)) as months
from sales
group by state, city
order by state, city
