package resolver

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/spfzone/spfzone/spf"
)

func TestOpenServers(t *testing.T) {
	conf := filepath.Join(t.TempDir(), "resolv.conf")
	if err := os.WriteFile(conf, []byte("search x.com\nnameserver 192.0.2.1\nnameserver 2001:db8::1\noptions ndots:5\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name  string
		specs []string
		want  []string
	}{
		{"nothing", nil, []string{"udp://192.0.2.1:53", "udp://[2001:db8::1]:53"}},
		{"system", []string{"system"}, []string{"udp://192.0.2.1:53", "udp://[2001:db8::1]:53"}},
		{"UDP", []string{"udp://192.0.2.1"}, []string{"udp://192.0.2.1:53"}},
		{"UDP with port", []string{"udp://192.0.2.1:5353"}, []string{"udp://192.0.2.1:5353"}},
		{"UDP with final slash", []string{"udp://192.0.2.1/"}, []string{"udp://192.0.2.1:53"}},
		{"IPv6", []string{"udp://[2001:db8::1]"}, []string{"udp://[2001:db8::1]:53"}},
		{"IPv6 with zone", []string{"udp://[fe80::1%25eth0]:53"}, []string{"udp://[fe80::1%eth0]:53"}},
		{"host name", []string{"tcp://ns.x.com"}, []string{"tcp://ns.x.com:53"}},
		{"TLS", []string{"tls://dns.x.com"}, []string{"tls://dns.x.com:853"}},
		{"TLS with the certificate's name", []string{"tls://192.0.2.1:8853#dns.x.com"}, []string{"tls://192.0.2.1:8853#dns.x.com"}},
		{"HTTPS", []string{"https://dns.x.com"}, []string{"https://dns.x.com/dns-query"}},
		{"HTTPS with path", []string{"https://dns.x.com:8443/q"}, []string{"https://dns.x.com:8443/q"}},
		{"HTTPS template", []string{"https://dns.x.com/q{?dns}"}, []string{"https://dns.x.com/q"}},
		{"several", []string{"udp://192.0.2.9", "system"}, []string{"udp://192.0.2.9:53", "udp://192.0.2.1:53", "udp://[2001:db8::1]:53"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, err := Open(tt.specs, Options{ResolvConf: conf})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, s := range r.(*client).servers {
				got = append(got, s.String())
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestOpenErrors(t *testing.T) {
	tests := []struct {
		spec, want string
	}{
		{"", `"" is no resolver: it takes the form ` + Forms},
		{"192.0.2.1", `"192.0.2.1" is no resolver (udp://192.0.2.1?): it takes the form ` + Forms},
		{"192.0.2.1:53", `"192.0.2.1:53" is no resolver (udp://192.0.2.1:53?): it takes the form ` + Forms},
		{"2001:db8::1", `"2001:db8::1" is no resolver (udp://[2001:db8::1]?): it takes the form ` + Forms},
		{"nofile.zone", `"nofile.zone" is no resolver (file:nofile.zone?): it takes the form ` + Forms},
		{"open_test.go,other", `"open_test.go,other" is no resolver (file:open_test.go,other?): it takes the form ` + Forms},
		{"sys tem", `"sys tem" is no resolver: it takes the form ` + Forms},
		{"http://x.com/", `the resolver "http://x.com/" has the scheme "http": it takes the form ` + Forms},
		{"udp://:53", `the resolver "udp://:53" names no host`},
		{"udp://192.0.2.1:", `the resolver "udp://192.0.2.1:" ends in a colon without a port`},
		{"udp://192.0.2.1:0", `the resolver "udp://192.0.2.1:0" has the port 0: ports go from 1 to 65535`},
		{"udp://192.0.2.1:65536", `the resolver "udp://192.0.2.1:65536" has the port 65536: ports go from 1 to 65535`},
		{"udp://2001:db8::1", `the resolver "udp://2001:db8::1" has an IPv6 address without brackets: say udp://[2001:db8::1]`},
		{"udp://bob@192.0.2.1", `the resolver "udp://bob@192.0.2.1" names a user: no server asks for one`},
		{"udp://192.0.2.1/path", `the resolver "udp://192.0.2.1/path" has a path: only https:// takes one`},
		{"udp://192.0.2.1#x.com", `the resolver "udp://192.0.2.1#x.com" ends in #x.com: only tls:// takes a name for the certificate`},
		{"file:", `the resolver "file:" lacks a path: say file:PATH[,PATH...]`},
		{"file:a.zone,", `the resolver "file:a.zone," lacks a path: say file:PATH[,PATH...]`},
		{"file:testdata/none.zone", "open testdata/none.zone: no such file or directory"},
	}
	for _, tt := range tests {
		t.Run(tt.spec, func(t *testing.T) {
			_, err := Open([]string{tt.spec}, Options{})
			if diff := cmp.Diff(tt.want, fmt.Sprint(err)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestOpenSystemErrors(t *testing.T) {
	_, err := Open(nil, Options{ResolvConf: "testdata/none.conf"})
	want := "the system's resolver is not known: open testdata/none.conf: no such file or directory: name a server, as udp://192.0.2.53"
	if diff := cmp.Diff(want, fmt.Sprint(err)); diff != "" {
		t.Error(diff)
	}
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	r, err := Open(nil, Options{ResolvConf: empty})
	if err != nil || r.(*client).servers[0].String() != "udp://127.0.0.1:53" {
		t.Errorf("without a nameserver line: %v, %v", r, err)
	}
}

func TestOpenFiles(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	a, b := write("a.zone", "x.com. TXT \"v=spf1 -all\"\n"), write("b.zone", "y.com. TXT \"v=spf1 ~all\"\n")
	c := write("c.zone", "x.com. TXT second\n")
	for _, specs := range [][]string{{"file:" + a + "," + b + "," + c}, {"file:" + a, "file:" + b + "," + c}} {
		r, err := Open(specs, Options{})
		if err != nil {
			t.Fatal(err)
		}
		got, err := r.LookupTXT(t.Context(), "x.com.")
		want := spf.Answer[spf.TXT]{Records: []spf.TXT{{"v=spf1 -all"}, {"second"}}, TTL: spf.Forever, Source: a + "," + b + "," + c}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Error(err, diff)
		}
	}
	_, err := Open([]string{"file:a.zone", "udp://192.0.2.1"}, Options{})
	want := "zone files (file:a.zone) answer for every name, so that udp://192.0.2.1:53 would never be asked: give either files or servers"
	if diff := cmp.Diff(want, fmt.Sprint(err)); diff != "" {
		t.Error(diff)
	}
}
