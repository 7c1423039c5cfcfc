package resolver

import (
	"slices"
	"testing"

	"github.com/miekg/dns"
)

// FuzzAnswer reads any octets behind a header and the question. What comes of
// them must be an error, records of the type asked for, none at all, or a name
// to ask for next.
func FuzzAnswer(f *testing.F) {
	q := question{"x.test.", dns.TypeTXT}
	records := []string{
		`x.test. 300 TXT "v=spf1 -all" "\000\200\\"`,
		`x.test. 300 CNAME y.test.`,
		`y.test. 300 TXT "behind an alias"`,
		`x.test. 300 CNAME x.test.`,
		`y\.y.test. 300 CNAME a\.b.test.`,
		`test. 300 SOA ns.test. hostmaster.test. 1 2 3 4 60`,
		`test. 300 NS ns.test.`,
		`x.test. 300 A 192.0.2.1`,
	}
	seeds := 0
	for i := range records {
		for j := range records {
			m := q.message()
			m.Id, m.Response, m.Rcode = 0, true, []int{dns.RcodeSuccess, dns.RcodeNameError}[(i+j)%2]
			for k, text := range []string{records[i], records[j]} {
				rr, err := dns.NewRR(text)
				if err != nil {
					f.Fatal(err)
				}
				if (i+k)%3 == 0 {
					m.Ns = append(m.Ns, rr)
				} else {
					m.Answer = append(m.Answer, rr)
				}
			}
			octets, err := m.Pack()
			if err != nil {
				f.Fatal(err)
			}
			f.Add(octets[2:4], octets[6:12], octets[24:])
			seeds++
		}
	}
	if seeds != 64 {
		f.Fatalf("%d seeds", seeds)
	}
	question, err := q.message().Pack()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, flags, counts, body []byte) {
		if len(flags) != 2 || len(counts) != 6 || len(body) > dns.MaxMsgSize-24 {
			return
		}
		checkAnswer(t, q, slices.Concat([]byte{0, 0}, flags, []byte{0, 1}, counts, question[12:24], body))
	})
}

func checkAnswer(t *testing.T, q question, octets []byte) {
	m, err := unpack(octets, 0, q)
	if err != nil || m.Truncated {
		return
	}
	r := newReply()
	next, err := r.add(m, q)
	switch {
	case err != nil:
		return
	case len(r.mx)+len(r.ptr)+len(r.ip4)+len(r.ip6) > 0:
		t.Errorf("records of other types: %v", r)
	case r.ttl < 0 || next == "" && r.ttl > seconds(1<<31-1):
		t.Errorf("TTL %v", r.ttl)
	case len(r.txt) > 0 && (r.nxdomain || next != ""):
		t.Errorf("records, and NXDOMAIN %v and the next name %q", r.nxdomain, next)
	case next == q.name || next != "" && !exists(next):
		t.Errorf("the next name is %q", next)
	case r.aliases > maxAliases:
		t.Errorf("%d aliases were followed", r.aliases)
	}
}

// FuzzEscape turns names into presentation form and back, by way of the DNS
// library.
func FuzzEscape(f *testing.F) {
	for _, name := range []string{".", "x.test.", "user+tag._spf.x.test.", "a\x00\xc8\\\"@b.", "\\.", "123\\200.x.", "A.b.", " .", ";$()'."} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if !exists(name) {
			return
		}
		octets := make([]byte, 300)
		n, err := dns.PackDomainName(escape(name), octets, 0, nil, false)
		if err != nil {
			t.Fatalf("%q as %q: %v", name, escape(name), err)
		}
		text, _, err := dns.UnpackDomainName(octets[:n], 0)
		if err != nil {
			t.Fatalf("%q as %q: %v", name, escape(name), err)
		}
		if got, ok := rawName(text); got != lower(name) || !ok {
			t.Errorf("%q becomes %q, %v", name, got, ok)
		}
		if got, ok := rawName(escape(name)); got != lower(name) || !ok {
			t.Errorf("%q becomes %q, %v without the library", name, got, ok)
		}
	})
}
