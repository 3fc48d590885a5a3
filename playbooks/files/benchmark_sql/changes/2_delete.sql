-- The resellers' sales were none.
delete from sales
where channel = 'reseller'
