"""What does Grafana show of the models? Six dashboards, written as code, checked in as JSON beside it."""
