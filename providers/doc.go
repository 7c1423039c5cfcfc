// Package providers publishes SPF records where a zone is kept: at a primary
// name server, at a provider of DNS, or by an operator's own program.
//
// A [Publisher] reads the TXT RRset of one name, and replaces it by one in which
// the SPF record differs and nothing else. The other TXT records there survive
// octet by octet, or the change is refused. How that is done, and what can be
// promised, differs from one type of provider to another: [Describe] tells.
//
// What a provider says it did is no evidence. Every change is read back, and the
// error of one that failed says whether the name is as it was before.
package providers

import "github.com/spfzone/spfzone/providers/txt"

// The causes that a caller may act on. An [Error] is each of them that it has.
var (
	ErrConflict = txt.ErrConflict
	ErrSiblings = txt.ErrSiblings
	ErrUnsafe   = txt.ErrUnsafe
)
