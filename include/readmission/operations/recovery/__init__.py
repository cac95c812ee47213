"""Point-in-time recovery with a bucket: archived changes, copies of servers and of buckets."""
