package spf

import (
	"fmt"
	"net/netip"
	"strings"
)

// Received is what a Received-SPF header field says beyond the evaluation
// itself (RFC 7208, Section 9.1).
type Received struct {
	ClientIP     netip.Addr
	EnvelopeFrom string // MAIL FROM; empty for a bounce
	HELO         string
	Receiver     string // the receiving host
}

// Header gives the value of a Received-SPF header field, on one line (RFC
// 7208, Section 9.1). Whatever could end the line or a quoted string is
// escaped or left out.
func (v *Evaluation) Header(r Received) string {
	var b strings.Builder
	b.WriteString(v.Result.String())
	fmt.Fprintf(&b, " (%s)", comment(v.reason(r)))
	pairs := [...][2]string{
		{"receiver", r.Receiver},
		{"client-ip", addrText(r.ClientIP)},
		{"envelope-from", r.EnvelopeFrom},
		{"helo", r.HELO},
		{"identity", v.Identity.String()},
	}
	sep := " "
	for _, p := range pairs {
		if p[1] != "" {
			fmt.Fprintf(&b, "%s%s=%s", sep, p[0], headerValue(p[1]))
			sep = "; "
		}
	}
	if v.Matched != nil {
		fmt.Fprintf(&b, "; mechanism=%s", headerValue(v.Matched.Mechanism.String()))
	}
	if v.Err != nil {
		fmt.Fprintf(&b, "; problem=%s", headerValue(v.Err.Error()))
	}
	return b.String()
}

func addrText(ip netip.Addr) string {
	if !ip.IsValid() {
		return ""
	}
	return ip.Unmap().String()
}

// reason is the comment of RFC 7208, Section 9.1, for people.
func (v *Evaluation) reason(r Received) string {
	domain := trimDot(v.Domain)
	ip := addrText(r.ClientIP)
	prefix := ""
	if r.Receiver != "" {
		prefix = r.Receiver + ": "
	}
	switch v.Result {
	case Pass:
		return fmt.Sprintf("%sdomain of %s designates %s as permitted sender", prefix, domain, ip)
	case Fail:
		return fmt.Sprintf("%sdomain of %s does not designate %s as permitted sender", prefix, domain, ip)
	case SoftFail:
		return fmt.Sprintf("%stransitioning domain of %s does not designate %s as permitted sender", prefix, domain, ip)
	case Neutral:
		return fmt.Sprintf("%s%s is neither permitted nor denied by domain of %s", prefix, ip, domain)
	case None:
		return fmt.Sprintf("%sdomain of %s does not provide an SPF record", prefix, domain)
	case TempError:
		return fmt.Sprintf("%serror in processing during lookup of %s", prefix, domain)
	}
	return fmt.Sprintf("%spermanent error in the record of %s", prefix, domain)
}

// comment keeps visible ASCII and escapes what has a meaning in an RFC 5322
// comment.
func comment(s string) string { return escape(s, `()\`) }

// headerValue gives a dot-atom as it is and all else as a quoted string (RFC
// 5322, Section 3.2).
func headerValue(s string) string {
	const atext = "!#$%&'*+-/=?^_`{|}~."
	for i := 0; i < len(s); i++ {
		if !isAlphanumeric(s[i]) && strings.IndexByte(atext, s[i]) < 0 {
			return `"` + escape(s, `"\`) + `"`
		}
	}
	return s
}

func escape(s, special string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r < ' ' || r == 0x7f:
			b.WriteByte(' ')
		case r < 0x80 && strings.ContainsRune(special, r):
			b.WriteByte('\\')
			b.WriteRune(r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
