package main

import (
	"fmt"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metric is one family of metrics, and how it is had from what is known. docs/
// watch.md lists them all.
type metric struct {
	name   string
	kind   prometheus.ValueType
	help   string
	labels []string
	values func(k *known, emit func(value float64, labels ...string))
}

const (
	counter = prometheus.CounterValue
	gauge   = prometheus.GaugeValue
)

// metrics are all there are. Times are seconds since 1970, 0 for never: whoever
// wants an age takes it from time().
var metrics = []metric{
	{"spfzone_build_info", gauge, "1, with the version of the program and of Go.", []string{"version", "go"},
		func(_ *known, emit func(float64, ...string)) {
			v := newVersionDocument()
			emit(1, v.Program, v.Go)
		}},
	{"spfzone_config_reload_success", gauge, "1 if the last configuration that was read is in use, 0 if it is broken and a former one is in use.", nil,
		one(func(k *known) float64 { return number(k.reloaded) })},
	{"spfzone_config_loaded_timestamp_seconds", gauge, "When the configuration that is in use was read.", nil,
		one(func(k *known) float64 { return seconds(k.loadedAt) })},
	{"spfzone_rounds_total", counter, "Rounds that ended, by the worst that happened in them.", []string{"outcome"}, outcomes(func(k *known) map[outcome]int { return k.rounds })},
	{"spfzone_last_round_timestamp_seconds", gauge, "When the last round ended.", nil,
		one(func(k *known) float64 { return seconds(k.last) })},
	{"spfzone_last_success_timestamp_seconds", gauge, "When the last round ended in which nothing failed and nothing was refused.", nil,
		one(func(k *known) float64 { return seconds(k.lastSuccess) })},
	{"spfzone_last_round_duration_seconds", gauge, "How long the last round took.", nil,
		one(func(k *known) float64 { return k.took.Seconds() })},
	{"spfzone_next_round_timestamp_seconds", gauge, "When the next round begins.", nil,
		one(func(k *known) float64 { return seconds(k.next) })},
	{"spfzone_dns_failures_total", counter, "Lookups that failed, by record type.", []string{"type"},
		func(k *known, emit func(float64, ...string)) {
			for typ, n := range k.failed {
				emit(float64(n), typ)
			}
		}},
	{"spfzone_refusals_total", counter, "Refusals for safety, by what was refused and why.", []string{"of", "kind"},
		func(k *known, emit func(float64, ...string)) {
			for r, n := range k.refusals {
				emit(float64(n), r.of, r.kind)
			}
		}},
	{"spfzone_pushes_total", counter, "Domains that were pushed, by what came of it.", []string{"outcome"}, outcomes(func(k *known) map[outcome]int { return k.pushes })},

	{"spfzone_source_prefixes", gauge, "Prefixes that a source passes.", sourceLabels,
		ofSources(func(s *sourceState) float64 { return float64(s.prefixes) })},
	{"spfzone_source_answered_timestamp_seconds", gauge, "When the DNS last answered for a source.", sourceLabels,
		ofSources(func(s *sourceState) float64 { return seconds(s.answered) })},
	{"spfzone_source_changed_timestamp_seconds", gauge, "When what a source passes last changed in the lock file, or was first seen.", sourceLabels,
		ofSources(func(s *sourceState) float64 { return seconds(s.changed) })},
	{"spfzone_source_alarm", gauge, "1 for a source that stops the update, by the kind of its alarm.", append(sourceLabels, "kind"),
		func(k *known, emit func(float64, ...string)) {
			for key, s := range k.sources {
				if s.alarm != "" {
					emit(1, key.name, key.term, key.domain, string(s.alarm))
				}
			}
		}},

	{"spfzone_domain_lookups", gauge, "Lookups that the worst address needs, as planned.", domainLabels,
		ofBuilt(func(d *domainState) float64 { return float64(d.lookups.Worst) })},
	{"spfzone_domain_lookups_limit", gauge, "Lookups that are allowed.", domainLabels,
		ofBuilt(func(d *domainState) float64 { return float64(d.lookups.Limit) })},
	{"spfzone_domain_voids", gauge, "Void lookups that the worst address needs, as planned.", domainLabels,
		ofBuilt(func(d *domainState) float64 { return float64(d.voids.Worst) })},
	{"spfzone_domain_voids_limit", gauge, "Void lookups that are allowed.", domainLabels,
		ofBuilt(func(d *domainState) float64 { return float64(d.voids.Limit) })},
	{"spfzone_response_bytes", gauge, "Octets of the response that carries a record, as planned.", []string{"domain", "name"},
		func(k *known, emit func(float64, ...string)) {
			for name, d := range k.domains {
				for owner, n := range d.sizes {
					emit(float64(n), trimDot(name), trimDot(owner))
				}
			}
		}},
	{"spfzone_domain_refused", gauge, "1 for a domain that the last build refused, by the kind of the refusal.", append(domainLabels, "kind"),
		func(k *known, emit func(float64, ...string)) {
			for name, d := range k.domains {
				if d.refused != "" {
					emit(1, trimDot(name), string(d.refused))
				}
			}
		}},
	{"spfzone_domain_drift", gauge, "1 if some address gets another result from what is published than planned, else 0.", domainLabels,
		ofVerified(func(v *verifiedState) float64 { return number(v.state == stateDifferent) })},
	{"spfzone_domain_identical", gauge, "1 if what is published is the planned text, else 0.", domainLabels,
		ofVerified(func(v *verifiedState) float64 { return number(v.state == stateIdentical) })},
	{"spfzone_domain_drift_prefixes", gauge, "Prefixes that pass as published and not as planned (gained), and the reverse (lost).", append(domainLabels, "change"),
		func(k *known, emit func(float64, ...string)) {
			for name, d := range k.domains {
				if d.verified != nil {
					emit(float64(d.verified.gained), trimDot(name), "gained")
					emit(float64(d.verified.lost), trimDot(name), "lost")
				}
			}
		}},
	{"spfzone_domain_findings", gauge, "What verify found, by rule. Rules by which nothing was found are left out.", append(domainLabels, "rule"),
		func(k *known, emit func(float64, ...string)) {
			for name, d := range k.domains {
				if d.verified == nil {
					continue
				}
				for rule, n := range d.verified.findings {
					emit(float64(n), trimDot(name), rule)
				}
			}
		}},
	{"spfzone_domain_last_success_timestamp_seconds", gauge, "When a domain was last built, and compared with what is published.", domainLabels,
		ofDomains(func(d *domainState) float64 { return seconds(d.success) })},
	{"spfzone_domain_dns_failures_total", counter, "Rounds in which a domain was not built or not compared, as a lookup failed or was not done in time.", domainLabels,
		ofDomains(func(d *domainState) float64 { return float64(d.dnsFailures) })},
	{"spfzone_domain_push_waits_timestamp_seconds", gauge, "When the next stage of a push may run, 0 if none waits.", domainLabels,
		func(k *known, emit func(float64, ...string)) {
			for name, d := range k.domains {
				switch {
				case d.waits:
					emit(seconds(d.stage), trimDot(name))
				case d.pushed:
					emit(0, trimDot(name))
				}
			}
		}},
}

var (
	domainLabels = []string{"domain"}
	sourceLabels = []string{"source", "term", "domain"}
)

// one is a metric without labels.
func one(value func(*known) float64) func(*known, func(float64, ...string)) {
	return func(k *known, emit func(float64, ...string)) { emit(value(k)) }
}

func outcomes(of func(*known) map[outcome]int) func(*known, func(float64, ...string)) {
	return func(k *known, emit func(float64, ...string)) {
		for o, n := range of(k) {
			emit(float64(n), string(o))
		}
	}
}

func ofSources(value func(*sourceState) float64) func(*known, func(float64, ...string)) {
	return func(k *known, emit func(float64, ...string)) {
		for key, s := range k.sources {
			emit(value(s), key.name, key.term, key.domain)
		}
	}
}

func ofDomains(value func(*domainState) float64) func(*known, func(float64, ...string)) {
	return func(k *known, emit func(float64, ...string)) {
		for name, d := range k.domains {
			emit(value(d), trimDot(name))
		}
	}
}

// ofBuilt leaves out domains that were never built.
func ofBuilt(value func(*domainState) float64) func(*known, func(float64, ...string)) {
	return func(k *known, emit func(float64, ...string)) {
		for name, d := range k.domains {
			if d.built {
				emit(value(d), trimDot(name))
			}
		}
	}
}

// ofVerified leaves out domains that were never compared with the plan.
func ofVerified(value func(*verifiedState) float64) func(*known, func(float64, ...string)) {
	return func(k *known, emit func(float64, ...string)) {
		for name, d := range k.domains {
			if d.verified != nil {
				emit(value(d.verified), trimDot(name))
			}
		}
	}
}

func number(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

func seconds(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMilli()) / 1000
}

// collector gives what is known to Prometheus.
type collector struct {
	known        *known
	descriptions []*prometheus.Desc
}

func newCollector(k *known) *collector {
	c := &collector{known: k}
	for _, m := range metrics {
		c.descriptions = append(c.descriptions, prometheus.NewDesc(m.name, m.help, m.labels, nil))
	}
	return c
}

// Describe implements [prometheus.Collector].
func (c *collector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range c.descriptions {
		out <- d
	}
}

// Collect implements [prometheus.Collector]: all is of one moment.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	var all []prometheus.Metric
	c.known.mu.Lock()
	for i, m := range metrics {
		m.values(c.known, func(value float64, labels ...string) {
			all = append(all, prometheus.MustNewConstMetric(c.descriptions[i], m.kind, value, labels...))
		})
	}
	c.known.mu.Unlock()
	for _, m := range all {
		out <- m
	}
}

// handler answers for /metrics and /healthz.
func (w *watch) handler() http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(newCollector(w.known), collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", w.healthz)
	return mux
}

// healthz answers whether rounds come to an end, whatever their outcome: to
// start the program anew helps against nothing else.
func (w *watch) healthz(out http.ResponseWriter, _ *http.Request) {
	ok, last := w.known.health(w.a.now())
	text := "no round has ended yet"
	if !last.IsZero() {
		text = "the last round ended at " + last.UTC().Format(time.RFC3339)
	}
	out.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if !ok {
		out.WriteHeader(http.StatusServiceUnavailable)
		text = "stuck: " + text
	}
	fmt.Fprintln(out, text)
}
