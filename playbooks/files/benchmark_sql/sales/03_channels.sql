-- Where people buy, how they pay, and how often a discount was needed.
select channel, payment_method, count(*) as sales, count_if(discount_percent > 0) as discounted, max(total_cents) as largest_cents
from sales
group by channel, payment_method
order by channel, payment_method
