"""How do the dashboards look? Drawn with Grafana's own components, from a told story and a real Prometheus."""
