module github.com/spfzone/spfzone/bench

go 1.26.0

require (
	blitiri.com.ar/go/spf v1.6.0
	github.com/miekg/dns v1.1.73
	github.com/spfzone/spfzone v0.0.0
)

require (
	go4.org/netipx v0.0.0-20260823151212-3075585bcbeb // indirect
	golang.org/x/net v0.62.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
	golang.org/x/text v0.43.0 // indirect
	gopkg.in/yaml.v3 v3.0.1 // indirect
)

replace github.com/spfzone/spfzone => ../
