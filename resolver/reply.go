package resolver

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// reply is what the messages of one or more servers say to a question.
type reply struct {
	node
	nxdomain bool
	ttl      time.Duration
	source   string
	aliases  int    // followed
	alias    string // where the first of them leads
	octets   int    // of the messages
}

// newReply gives a reply that no message has been added to.
func newReply() *reply { return &reply{ttl: math.MaxInt64} }

// add reads the answer to a question, along CNAMEs as far as it follows them.
// next is the name that is to be asked for then, and empty when the reply is
// whole. On an error the reply is spoiled.
func (r *reply) add(m *dns.Msg, q question) (next string, err error) {
	r.octets += m.Len()
	if m.Rcode != dns.RcodeSuccess && m.Rcode != dns.RcodeNameError {
		return "", rcodeError(m)
	}
	name, found, err := r.follow(m, q)
	switch {
	case err != nil:
		return "", err
	case found && m.Rcode == dns.RcodeNameError:
		return "", errors.New("malformed answer: NXDOMAIN for a name that has records")
	case found:
		return "", nil
	}
	negative, covered := negativeTTL(m, name)
	switch {
	case m.Rcode == dns.RcodeNameError:
		r.nxdomain = true
	case !covered && name != q.name:
		return name, nil
	case !covered && refersElsewhere(m):
		return "", &refusal{"lame: the server refers to others for this name instead of answering"}
	}
	r.ttl = min(r.ttl, negative)
	return "", nil
}

// follow takes the records of the type asked for at the name, or at the last
// of the names that it is an alias of.
func (r *reply) follow(m *dns.Msg, q question) (name string, found bool, err error) {
	owners := make([]string, len(m.Answer))
	for i, rr := range m.Answer {
		owners[i], _ = rawName(rr.Header().Name)
	}
	for name = q.name; ; r.aliases++ {
		var target string
		for i, rr := range m.Answer {
			h := rr.Header()
			if owners[i] != name || h.Class != dns.ClassINET {
				continue
			}
			if h.Rrtype == q.qtype {
				found = true
				r.ttl = min(r.ttl, seconds(h.Ttl))
				if err := r.node.add(rr); err != nil {
					return name, found, fmt.Errorf("malformed answer: %w", err)
				}
			}
		}
		if found {
			return name, true, nil
		}
		for i, rr := range m.Answer {
			if cname, ok := rr.(*dns.CNAME); ok && owners[i] == name && cname.Hdr.Class == dns.ClassINET {
				r.ttl = min(r.ttl, seconds(cname.Hdr.Ttl))
				if target, ok = rawName(cname.Target); !ok || target == "" {
					return name, false, fmt.Errorf("malformed answer: the CNAME of %s leads to %q", escape(name), cname.Target)
				}
				break
			}
		}
		if target == "" {
			return name, false, nil
		}
		if r.aliases == maxAliases {
			return name, false, errAliasLoop
		}
		r.alias = cmp.Or(r.alias, target)
		name = target
	}
}

// negativeTTL gives for how long the absence of a record holds: the lesser of
// the SOA's own TTL and its minimum (RFC 2308, Section 5), and zero without an
// SOA of a zone that holds the name, which must not be kept.
func negativeTTL(m *dns.Msg, name string) (ttl time.Duration, covered bool) {
	for _, rr := range m.Ns {
		soa, ok := rr.(*dns.SOA)
		if !ok {
			continue
		}
		zone, ok := rawName(soa.Hdr.Name)
		if ok && (zone == "." || name == zone || strings.HasSuffix(name, "."+zone)) {
			return min(seconds(soa.Hdr.Ttl), seconds(soa.Minttl)), true
		}
	}
	return 0, false
}

// refersElsewhere reports whether a message is a referral (RFC 2308, Section
// 2.2): the server has neither the name nor the will to look for it.
func refersElsewhere(m *dns.Msg) bool {
	if m.Authoritative {
		return false
	}
	for _, rr := range m.Ns {
		if rr.Header().Rrtype == dns.TypeNS {
			return true
		}
	}
	return false
}

// seconds gives a TTL; one with the top bit set counts as zero (RFC 2181,
// Section 8).
func seconds(ttl uint32) time.Duration {
	if ttl > math.MaxInt32 {
		return 0
	}
	return time.Duration(ttl) * time.Second
}

// rcodeError says what the server answered instead of records, and why if it
// told (RFC 8914). SERVFAIL may pass; every other code lasts.
func rcodeError(m *dns.Msg) error {
	text := dns.RcodeToString[m.Rcode]
	if text == "" {
		text = fmt.Sprintf("RCODE %d", m.Rcode)
	}
	if opt := m.IsEdns0(); opt != nil {
		for _, o := range opt.Option {
			if ede, ok := o.(*dns.EDNS0_EDE); ok {
				text += fmt.Sprintf(" (%s)", extended(ede))
			}
		}
	}
	if m.Rcode == dns.RcodeServerFailure {
		return errors.New(text)
	}
	return &refusal{text}
}

func extended(ede *dns.EDNS0_EDE) string {
	text := dns.ExtendedErrorCodeToString[ede.InfoCode]
	switch {
	case text == "":
		text = fmt.Sprintf("extended error %d", ede.InfoCode)
	case ede.ExtraText != "":
		text += ": "
	}
	return text + strings.ToValidUTF8(ede.ExtraText, "?")
}

// aged gives a copy whose TTL is what remains of it.
func (r *reply) aged(ttl time.Duration) *reply {
	c := *r
	c.ttl = ttl
	return &c
}
