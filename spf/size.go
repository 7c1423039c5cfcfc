package spf

// Sizes of the parts of a DNS message, in octets.
const (
	headerSize   = 12                // RFC 1035, Section 4.1.1
	questionSize = 2 + 2             // behind the name: type, class (Section 4.1.2)
	rrSize       = 2 + 2 + 4 + 2     // between owner and data: type, class, TTL, length (Section 4.1.3)
	pointerSize  = 2                 // a name that stood before (Section 4.1.4)
	optSize      = 1 + 2 + 2 + 4 + 2 // an OPT record without options (RFC 6891, Section 6.1.2)
)

// TXTResponseSize gives the octets of the DNS response to a TXT question for
// owner, a canonical name, that is answered with rrset and nothing else:
// header, question, each record with its owner compressed, and the OPT record
// of EDNS. Each character-string has at most [MaxString] octets.
func TXTResponseSize(owner string, rrset []TXT) int {
	nameSize := len(owner) + 1 // each label behind its length, and the root
	if owner == "." {
		nameSize = 1
	}
	n := headerSize + nameSize + questionSize + optSize
	for _, txt := range rrset {
		n += min(nameSize, pointerSize) + rrSize + len(txt)
		for _, s := range txt {
			n += len(s)
		}
	}
	return n
}
