//! What is promised of SQL Server alone.

mod round_trips;
