//! What operators watch the platform by: dashboards, alerts and the runbook mean what is there.

mod files;
mod live;
mod queries;
