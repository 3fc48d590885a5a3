-- Every sale costs a real more now, and the first thousand come once more under a new number: an upsert of all rows.
merge into sales as t
using (
    select * from sales
    union all
    select
        event_id || '-again', event_time, sale_id + 1000000, customer_id, city, state, product, category, channel,
        payment_method, quantity, unit_price_cents, discount_percent, total_cents
    from sales
    where sale_id <= 1000
) as s
on t.sale_id = s.sale_id
when matched then update set total_cents = t.total_cents + 100
when not matched then insert values (
    s.event_id, s.event_time, s.sale_id, s.customer_id, s.city, s.state, s.product, s.category, s.channel,
    s.payment_method, s.quantity, s.unit_price_cents, s.discount_percent, s.total_cents
)
